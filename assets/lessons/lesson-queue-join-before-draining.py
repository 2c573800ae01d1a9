import multiprocessing


def producer(queue):
    queue.put("x" * 200000)


def consumer(queue):
    while True:
        item = queue.get()
        if item is None:
            break
        print("a long text has come")


if __name__ == "__main__":
    queue = multiprocessing.Queue()
    first = multiprocessing.Process(target=producer, args=(queue,))
    second = multiprocessing.Process(target=consumer, args=(queue,))
    first.start()
    print("main waits for the producer", flush=True)
    # The producer cannot end before its text is written, and nobody reads it: this never returns.
    first.join()
    second.start()
    queue.put(None)
    second.join()
