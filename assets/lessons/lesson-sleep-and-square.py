import multiprocessing
import time


def worker(n):
    print(f"Processing {n}...", flush=True)
    time.sleep(1)
    print(f"Result for {n}: {n * n}", flush=True)


if __name__ == "__main__":
    processes = []
    for n in range(1, 6):
        process = multiprocessing.Process(target=worker, args=(n,))
        processes.append(process)
        process.start()
    for process in processes:
        process.join()
    print("All processes finished.")
