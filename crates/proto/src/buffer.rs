//! Bytes that enter at the end and leave at the front.

use crate::limits::KEEP;

/// A byte queue whose cost is linear in what passes through it, and which gives large buffers
/// back when they are drained, or nearly so.
#[derive(Default)]
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    /// Everything before this index has left.
    start: usize,
    /// How many bytes were ever moved to make room: the price of keeping the rest together.
    #[cfg(test)]
    moved: usize,
}

impl Buffer {
    pub fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    pub fn as_slice(&self) -> &[u8] {
        &self.bytes[self.start..]
    }

    pub fn push(&mut self, bytes: &[u8]) {
        // Move the rest to the front only when at least as much has left since the last move:
        // so every byte pays for at most one other, however small the pieces are.
        if self.start > 0 && self.start >= self.bytes.len() - self.start {
            #[cfg(test)]
            {
                self.moved += self.bytes.len() - self.start;
            }
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// Takes over a whole vector without copying it, if nothing waits.
    pub fn append(&mut self, bytes: Vec<u8>) {
        if self.is_empty() {
            (self.bytes, self.start) = (bytes, 0);
        } else {
            self.push(&bytes);
        }
    }

    /// Where a protocol appends its replies.
    pub fn tail(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }

    /// The first `n` bytes have left.
    pub fn consume(&mut self, n: usize) {
        self.start += n;
        let rest = self.as_slice();
        // Large, and nearly drained: what is left moves to a buffer of its own size. As much again
        // has to come before that is too large, so moving stays linear.
        if self.bytes.capacity() > KEEP && rest.len() <= KEEP / 2 {
            #[cfg(test)]
            {
                self.moved += rest.len();
            }
            self.bytes = self.as_slice().to_vec();
            self.start = 0;
        } else if rest.is_empty() {
            self.bytes.clear();
            self.start = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_enters_leaves_in_order() {
        let mut buffer = Buffer::default();
        let (mut entered, mut left) = (0u8, 0u8);
        for round in 1..200usize {
            for _ in 0..round % 7 {
                buffer.push(&[entered]);
                entered = entered.wrapping_add(1);
            }
            let n = buffer.as_slice().len().min(round % 5);
            for &byte in &buffer.as_slice()[..n] {
                assert_eq!(byte, left);
                left = left.wrapping_add(1);
            }
            buffer.consume(n);
        }
        assert_eq!(buffer.as_slice().len(), usize::from(entered.wrapping_sub(left)));
    }

    #[test]
    fn moving_is_linear() {
        for backlog in [1, 100, KEEP / 2, KEEP / 2 + 1, KEEP, 10_000] {
            let mut buffer = Buffer::default();
            buffer.push(&vec![0; backlog]);
            let rounds = 100_000;
            for _ in 0..rounds {
                buffer.push(&[0]);
                buffer.consume(1);
            }
            assert!(buffer.moved <= backlog + rounds, "{} moved", buffer.moved);
            // And what has left makes room for what comes.
            let capacity = buffer.bytes.capacity();
            assert!(capacity <= 4 * backlog + 64, "{capacity} bytes for {backlog}");
        }
    }

    #[test]
    fn a_large_buffer_is_freed_when_drained() {
        let mut buffer = Buffer::default();
        buffer.push(&[0; KEEP + 1]);
        buffer.consume(1);
        assert!(buffer.bytes.capacity() > KEEP);
        buffer.consume(KEEP);
        assert_eq!(buffer.bytes.capacity(), 0);
        buffer.append(vec![0; KEEP + 1]);
        buffer.consume(KEEP + 1);
        assert_eq!(buffer.bytes.capacity(), 0);
    }

    #[test]
    fn a_few_bytes_do_not_keep_a_large_buffer() {
        let mut buffer = Buffer::default();
        for _ in 0..10 {
            buffer.push(&[0; 10 * KEEP]);
            buffer.push(b"a");
            buffer.consume(buffer.as_slice().len() - 1);
            assert_eq!(buffer.as_slice(), b"a");
            assert!(buffer.bytes.capacity() <= KEEP, "{}", buffer.bytes.capacity());
        }
    }

    #[test]
    fn a_whole_vector_is_taken_over_without_copying() {
        let mut buffer = Buffer::default();
        let bytes = b"abc".to_vec();
        let place = bytes.as_ptr();
        buffer.append(bytes);
        assert_eq!(buffer.as_slice().as_ptr(), place);
        buffer.append(b"def".to_vec());
        assert_eq!(buffer.as_slice(), b"abcdef");
    }

    #[test]
    fn a_small_buffer_is_kept() {
        let mut buffer = Buffer::default();
        buffer.push(&[0; 100]);
        buffer.consume(100);
        assert!(buffer.bytes.capacity() >= 100);
    }
}
