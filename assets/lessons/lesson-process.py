import logging
import multiprocessing

logging.basicConfig(filename="multiprocess.txt", level=logging.INFO, format="%(levelname)s-%(message)s")


def child():
    logging.info("this is my multiprocessing program")


if __name__ == "__main__":
    process = multiprocessing.Process(target=child)
    logging.info("this is my main programme")
    process.start()
    process.join()
