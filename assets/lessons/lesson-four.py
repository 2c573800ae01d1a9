import logging
import multiprocessing
import os

logging.basicConfig(filename="multipro.txt", level=logging.INFO, format="%(asctime)s-%(levelname)s-%(message)s")


def worker(number):
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
    print("All processes finished")
