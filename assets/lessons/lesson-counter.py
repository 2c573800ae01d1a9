import multiprocessing


def worker(counter, lock):
    for _ in range(25):
        with lock:
            counter.value += 1


if __name__ == "__main__":
    counter = multiprocessing.Value("q", 0, lock=False)
    lock = multiprocessing.Lock()
    print("Four processes add 25 each")
    processes = []
    for _ in range(4):
        process = multiprocessing.Process(target=worker, args=(counter, lock))
        processes.append(process)
        process.start()
    for process in processes:
        process.join()
    print(f"Total: {counter.value}")
