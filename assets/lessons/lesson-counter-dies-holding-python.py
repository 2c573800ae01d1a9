import multiprocessing
import os
import signal


def worker(counter, lock, gate):
    gate.wait()
    for _ in range(25):
        with lock:
            counter.value += 1


def victim(lock, gate):
    lock.acquire()
    gate.wait()
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    counter = multiprocessing.Value("q", 0, lock=False)
    lock = multiprocessing.Lock()
    gate = multiprocessing.Barrier(4)
    print("Three processes add 25 each, a fourth dies", flush=True)
    processes = [multiprocessing.Process(target=worker, args=(counter, lock, gate)) for _ in range(3)]
    processes.append(multiprocessing.Process(target=victim, args=(lock, gate)))
    for process in processes:
        process.start()
    # Nobody gives the lock back for the one who died: this never returns.
    for process in processes:
        process.join()
    print(f"Total: {counter.value}")
