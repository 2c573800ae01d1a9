import multiprocessing
import time


def worker(n):
    print(f"Processing {n}...", flush=True)
    time.sleep(1)
    print(f"Result for {n}: {n * n}", flush=True)


if __name__ == "__main__":
    for n in range(1, 6):
        process = multiprocessing.Process(target=worker, args=(n,))
        process.start()
        process.join()
    print("All processes finished.")
