import fcntl
import multiprocessing
import os
import signal
import tempfile


class FileLock:
    """A lock that the operating system lets go of when its holder dies; multiprocessing has none."""

    def __init__(self, path):
        # Each process opens the file for itself, since the lock belongs to whoever opened it.
        self.file = open(path)

    def __enter__(self):
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        fcntl.flock(self.file, fcntl.LOCK_UN)


def worker(counter, path, gate):
    lock = FileLock(path)
    gate.wait()
    for _ in range(25):
        with lock:
            counter.value += 1


def victim(path, gate):
    with FileLock(path):
        gate.wait()
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    counter = multiprocessing.Value("q", 0, lock=False)
    gate = multiprocessing.Barrier(4)
    print("Three processes add 25 each, a fourth dies")
    with tempfile.NamedTemporaryFile() as file:
        processes = [multiprocessing.Process(target=worker, args=(counter, file.name, gate)) for _ in range(3)]
        processes.append(multiprocessing.Process(target=victim, args=(file.name, gate)))
        for process in processes:
            process.start()
        for process in processes:
            process.join()
    print(f"Total: {counter.value}")
