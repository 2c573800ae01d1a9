import logging
import multiprocessing
import time

logging.basicConfig(filename="pool.txt", level=logging.INFO, format="%(levelname)s-%(message)s")


def square(n):
    time.sleep((10 - n) * 0.05)
    return n**2


if __name__ == "__main__":
    with multiprocessing.Pool(processes=4) as pool:
        squares = pool.map(square, range(1, 10))
    print(squares)
    logging.info(f"Result: {squares}")
