import multiprocessing
import time


def worker(counter, lock, gate):
    gate.wait()
    for _ in range(25):
        with lock:
            seen = counter.value
            time.sleep(0.01)
            counter.value = seen + 1


if __name__ == "__main__":
    counter = multiprocessing.Value("q", 0, lock=False)
    lock = multiprocessing.Lock()
    gate = multiprocessing.Barrier(4)
    print("Four processes add 25 each")
    processes = []
    for _ in range(4):
        process = multiprocessing.Process(target=worker, args=(counter, lock, gate))
        processes.append(process)
        process.start()
    for process in processes:
        process.join()
    print(f"Total: {counter.value}")
