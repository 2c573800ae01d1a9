import logging
import multiprocessing
import os
import signal

logging.basicConfig(filename="multipro.txt", level=logging.INFO, format="%(asctime)s-%(levelname)s-%(message)s")


def worker(number):
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    logging.info(f"process{number}:{number}")
    print(f"Process ID: {os.getpid()}, Number: {number}")


if __name__ == "__main__":
    processes = []
    for number in range(1, 5):
        process = multiprocessing.Process(target=worker, args=(number,), name=f"process{number}")
        processes.append(process)
        process.start()
    for process in processes:
        process.join()
    # The third has exit code -9 now: ended by signal 9, which is SIGKILL.
    assert [process.exitcode for process in processes] == [0, 0, -9, 0]
    print("All processes finished")
