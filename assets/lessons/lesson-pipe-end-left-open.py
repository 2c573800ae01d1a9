import multiprocessing
import time


def sender(receiving, sending):
    receiving.close()
    messages = [
        "my name is Shiva",
        "this is a message to the second process",
        "the class is about multiprocessing",
    ]
    for message in messages:
        sending.send(message)
        time.sleep(1)
    sending.close()


def receiver(receiving, sending):
    sending.close()
    while True:
        try:
            message = receiving.recv()
        except EOFError:
            break
        print(message, flush=True)
    print("that was all")


if __name__ == "__main__":
    # Started by fork, as Linux did by default for long: both processes inherit both ends.
    context = multiprocessing.get_context("fork")
    receiving, sending = context.Pipe(duplex=False)
    first = context.Process(target=sender, args=(receiving, sending))
    second = context.Process(target=receiver, args=(receiving, sending))
    first.start()
    second.start()
    first.join()
    # Main still has the sending end open, so the receiver is never told of the end: this never returns.
    second.join()
    sending.close()
    receiving.close()
