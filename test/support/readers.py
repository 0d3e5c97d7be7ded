"""Ways to read a streamed answer, each giving how many bytes there were."""


def read_into(response):
    buffer = bytearray(65536)
    return sum(iter(lambda: response.readinto(buffer), 0))


READERS = {
    "stream": lambda response: sum(map(len, response.stream(65536))),
    "stream, its own pieces": lambda response: sum(map(len, response.stream())),
    "read": lambda response: sum(map(len, iter(lambda: response.read(65536), b""))),
    "read1": lambda response: sum(map(len, iter(lambda: response.read1(65536), b""))),
    "readinto": read_into,
}
