// Messages on a stream: each behind its length, 4 bytes, least significant first.
#pragma once

#include <bitsery/adapter/buffer.h>
#include <bitsery/bitsery.h>
#include <bitsery/traits/vector.h>

#include <cstdint>
#include <vector>

using Bytes = std::vector<uint8_t>;

template <typename Message>
Bytes frameOf(const Message& message)
{
  Bytes body;
  // The adapter makes the buffer larger than it needs: only the first `size` bytes are the message.
  const size_t size = bitsery::quickSerialization<bitsery::OutputBufferAdapter<Bytes>>(body, message);
  Bytes frame;
  for (int shift = 0; shift < 32; shift += 8) frame.push_back(static_cast<uint8_t>(size >> shift));
  frame.insert(frame.end(), body.begin(), body.begin() + static_cast<std::ptrdiff_t>(size));
  return frame;
}

// True when the bytes are one whole message and nothing else. What an object holds after false means nothing.
template <typename Message>
bool decode(const Bytes& bytes, Message& message)
{
  using Input = bitsery::InputBufferAdapter<Bytes>;
  const auto [error, isCompleted] =
    bitsery::quickDeserialization<Input>({ bytes.begin(), bytes.size() }, message);
  return error == bitsery::ReaderError::NoError && isCompleted;
}

class Frames
{
public:
  static constexpr size_t sizeMax = 65536;

  void push(const uint8_t* data, size_t size) { _bytes.insert(_bytes.end(), data, data + size); }

  // Takes the next whole message. False: wait for more bytes, or, if isBroken, close the connection.
  bool next(Bytes& message)
  {
    if (_bytes.size() < 4) return false;
    size_t size = 0;
    for (size_t i = 0; i < 4; i++) size |= static_cast<size_t>(_bytes[i]) << (8 * i);
    isBroken = size > sizeMax;
    if (isBroken || _bytes.size() < 4 + size) return false;
    const auto begin = _bytes.begin() + 4;
    const auto end = begin + static_cast<std::ptrdiff_t>(size);
    message.assign(begin, end);
    _bytes.erase(_bytes.begin(), end);
    return true;
  }

  bool isBroken = false;

private:
  Bytes _bytes;
};
