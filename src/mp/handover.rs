//! Bytes and descriptors, from one process to another over a UNIX stream socket.
//!
//! On the wire, after both lengths: one byte for each group of descriptors, which travel with it, then the bytes.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
};

use rustix::{
    io::{Errno, retry_on_intr},
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
        SendFlags, recv, recvmsg, send, sendmsg,
    },
};

/// Descriptors that go with one byte; the kernel takes 253.
const GROUP: usize = 128;
/// Far more than any package of ours holds, and less than a process may have open.
const MAX_DESCRIPTORS: usize = 4096;
/// Longer ones are refused, and nothing is allocated for them.
const MAX_BYTES: usize = 64 << 20;

/// Sends both, or fails; blocks while the socket is full, as long as its timeout allows.
pub(super) fn give(socket: impl AsFd, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    if bytes.len() > MAX_BYTES || descriptors.len() > MAX_DESCRIPTORS {
        let (length, count) = (bytes.len(), descriptors.len());
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!(
                "{length} bytes and {count} objects, of {MAX_BYTES} and {MAX_DESCRIPTORS} that may be given"
            ),
        ));
    }
    let mut head = (bytes.len() as u32).to_ne_bytes().to_vec();
    head.extend((descriptors.len() as u32).to_ne_bytes());
    give_bytes(&socket, &head)?;
    for group in descriptors.chunks(GROUP) {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(GROUP))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(group));
        retry_on_intr(|| sendmsg(&socket, &[IoSlice::new(&[0])], &mut ancillary, SendFlags::NOSIGNAL))?;
    }
    give_bytes(&socket, bytes)
}

fn give_bytes(socket: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match send(&socket, bytes, SendFlags::NOSIGNAL) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What [`give`] sent.
pub(super) fn take(socket: impl AsFd) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut head = [0; 8];
    take_bytes(&socket, &mut head)?;
    let word = |at: usize| u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]) as usize;
    let (length, count) = (word(0), word(4));
    if length > MAX_BYTES || count > MAX_DESCRIPTORS {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut descriptors = Vec::with_capacity(count);
    while descriptors.len() < count {
        let before = descriptors.len();
        take_group(&socket, &mut descriptors)?;
        if descriptors.len() == before {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    let mut bytes = vec![0; length];
    take_bytes(&socket, &mut bytes)?;
    Ok((bytes, descriptors))
}

fn take_group(socket: impl AsFd, into: &mut Vec<OwnedFd>) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(GROUP))];
    let mut ancillary = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    retry_on_intr(|| {
        let mut parts = [IoSliceMut::new(&mut byte)];
        recvmsg(&socket, &mut parts, &mut ancillary, RecvFlags::CMSG_CLOEXEC)
    })?;
    for message in ancillary.drain() {
        if let RecvAncillaryMessage::ScmRights(descriptors) = message {
            into.extend(descriptors);
        }
    }
    Ok(())
}

fn take_bytes(socket: impl AsFd, mut into: &mut [u8]) -> io::Result<()> {
    while !into.is_empty() {
        match recv(&socket, &mut *into, RecvFlags::empty()) {
            Ok((0, _)) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok((count, _)) => into = &mut into[count..],
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixStream;

    use rustix::fs::fstat;

    use super::*;

    #[test]
    fn bytes_and_descriptors_arrive_in_order_at_any_count() {
        for count in [0, 1, GROUP - 1, GROUP, GROUP + 1, 3 * GROUP] {
            let (ours, theirs) = UnixStream::pair().unwrap();
            let files: Vec<OwnedFd> = (0..3).map(|_| tempfile::tempfile().unwrap().into()).collect();
            let given: Vec<_> = (0..count).map(|at| files[at % 3].as_fd()).collect();
            let bytes: Vec<u8> = (0..300_000).map(|at| (at % 251) as u8).collect();
            let (got, descriptors) = std::thread::scope(|scope| {
                scope.spawn(|| give(&ours, &bytes, &given).unwrap());
                take(&theirs).unwrap()
            });
            assert_eq!(got, bytes);
            assert_eq!(descriptors.len(), count);
            for (at, descriptor) in descriptors.iter().enumerate() {
                let (is, should) = (fstat(descriptor).unwrap(), fstat(&files[at % 3]).unwrap());
                assert_eq!(is.st_ino, should.st_ino, "descriptor {at} of {count}");
            }
        }
    }

    #[test]
    fn an_end_in_the_middle_is_an_error_and_so_is_a_length_beyond_reason() {
        for head in [[9_u32, 0], [0, 1], [u32::MAX, 0], [0, u32::MAX]] {
            let (ours, theirs) = UnixStream::pair().unwrap();
            give_bytes(&ours, &[head[0].to_ne_bytes(), head[1].to_ne_bytes()].concat()).unwrap();
            drop(ours);
            assert!(take(&theirs).is_err(), "{head:?}");
        }
    }
}
