import multiprocessing
import os
import signal
import threading
import time


def task(n):
    if n == 4:
        # What the operating system sends to whoever touches memory that is not his own.
        os.kill(os.getpid(), signal.SIGSEGV)
    time.sleep(0.1)


def all_as_threads():
    threads = [threading.Thread(target=task, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    # A process of its own around the threads, so that this one lives to tell.
    around = multiprocessing.Process(target=all_as_threads)
    around.start()
    around.join()
    print("threads: all ended by SIGSEGV" if around.exitcode == -signal.SIGSEGV else "threads: done")

    processes = [multiprocessing.Process(target=task, args=(n,)) for n in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    codes = [process.exitcode for process in processes]
    print(f"processes: {codes.count(0)} done, {codes.count(-signal.SIGSEGV)} ended by SIGSEGV")
