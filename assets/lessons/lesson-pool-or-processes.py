import multiprocessing


def square(n):
    return n**2


if __name__ == "__main__":
    with multiprocessing.Pool(processes=4) as pool:
        squares = pool.map(square, range(1, 13))
    print(squares)
