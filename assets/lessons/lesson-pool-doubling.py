import logging
import multiprocessing

logging.basicConfig(filename="pool.txt", level=logging.INFO, format="%(levelname)s-%(message)s")


def double(n):
    return n * 2


if __name__ == "__main__":
    with multiprocessing.Pool(processes=4) as pool:
        doubles = pool.map(double, [1, 2, 3, 45, 9])
    for result in doubles:
        logging.info(result)
