import multiprocessing

if __name__ == "__main__":
    print("Nine numbers for four workers")
    with multiprocessing.Pool(processes=4) as pool:
        # A PicklingError: a lambda has no name by which a worker could find it.
        squares = pool.map(lambda x: x * x, range(1, 10))
    print(squares)
