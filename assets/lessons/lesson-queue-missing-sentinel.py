import multiprocessing


def producer(queue):
    for friend in ["Rahim", "Karim", "Fahim"]:
        queue.put(friend)


def consumer(queue):
    while True:
        item = queue.get()
        if item is None:
            break
        print(item, flush=True)


if __name__ == "__main__":
    queue = multiprocessing.Queue()
    first = multiprocessing.Process(target=producer, args=(queue,))
    second = multiprocessing.Process(target=consumer, args=(queue,))
    first.start()
    second.start()
    queue.put("Rohan")
    first.join()
    # Nobody puts None, and the consumer waits for it: this never returns.
    second.join()
