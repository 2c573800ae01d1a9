//! What a lesson's processes tell their engine, over one socket that all of them inherit: each report is one packet, so
//! that two never mix, and those of one process stay in their order.

use std::{
    io::{self, IoSlice, IoSliceMut},
    mem::MaybeUninit,
    os::fd::{AsFd, BorrowedFd, OwnedFd},
    sync::Arc,
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    io::retry_on_intr,
    net::{
        AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg, send, sendmsg, socketpair,
    },
};
use serde::{Deserialize, Serialize};

use crate::{
    event::{Exit, Level, Outcome, Usage, lesson::Told},
    ids::{TaskId, WorkerId},
    mp::{Parts, Share},
};

/// The longest report, in bytes. Texts are cut well below it.
const LONGEST: usize = 64 << 10;

/// Times are nanoseconds since the run began.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Report {
    /// A process is about to be started; told by its parent, so that nothing is heard of it before.
    Starting {
        t_ns: u64,
        worker: WorkerId,
        name: Box<str>,
        role: Box<str>,
        parent: WorkerId,
        task: Option<TaskId>,
    },
    /// It could not be started.
    NotStarted {
        worker: WorkerId,
    },
    /// It runs its program. With it comes its pidfd: by its id alone, somebody else might be meant by the time it is heard.
    Ready {
        t_ns: u64,
        worker: WorkerId,
        pid: u32,
    },
    Told {
        t_ns: u64,
        worker: WorkerId,
        told: Told,
        robust: bool,
    },
    Log {
        t_ns: u64,
        worker: WorkerId,
        level: Level,
        text: String,
    },
    Started {
        t_ns: u64,
        worker: WorkerId,
        task: TaskId,
        enqueued_ns: u64,
    },
    Ended {
        t_ns: u64,
        worker: WorkerId,
        task: TaskId,
        outcome: Outcome,
        usage: Box<Usage>,
    },
    /// A child has ended; told by its parent.
    Exited {
        t_ns: u64,
        worker: WorkerId,
        exit: Exit,
    },
}

/// Where reports are put in. Cheap to clone; every process of a lesson has it.
#[derive(Clone, Debug)]
pub(super) struct Reports(Arc<OwnedFd>);

/// Where they come out. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Inbox(Arc<OwnedFd>);

pub(super) fn channel() -> io::Result<(Reports, Inbox)> {
    let (into, out) = socketpair(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
    Ok((Reports(Arc::new(into)), Inbox(Arc::new(out))))
}

impl Reports {
    /// Waits while the engine is behind. Once it has gone there is nobody to tell.
    pub(super) fn tell(&self, report: &Report) {
        let Ok(bytes) = postcard::to_stdvec(report) else { return };
        let flags = SendFlags::NOSIGNAL;
        let _nobody_hears = retry_on_intr(|| send(&self.0, &bytes, flags));
    }

    /// The report, and a descriptor that whoever hears it has from then on.
    pub(super) fn tell_with(&self, report: &Report, descriptor: BorrowedFd<'_>) {
        let Ok(bytes) = postcard::to_stdvec(report) else { return };
        let group = [descriptor];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = SendAncillaryBuffer::new(&mut space);
        ancillary.push(SendAncillaryMessage::ScmRights(&group));
        let flags = SendFlags::NOSIGNAL;
        if retry_on_intr(|| sendmsg(&self.0, &[IoSlice::new(&bytes)], &mut ancillary, flags)).is_err() {
            // Too many are on their way: the report matters more.
            self.tell(report);
        }
    }
}

/// A report, and the descriptor that came with it.
pub(super) type Heard = (Report, Option<OwnedFd>);

impl Inbox {
    /// Nothing is on its way.
    pub(super) fn is_empty(&self) -> bool {
        let mut arrived = [PollFd::new(&self.0, PollFlags::IN)];
        poll(&mut arrived, Some(&Timespec::default())) == Ok(0)
    }

    /// The next report; `None` once every process that could make one has ended.
    ///
    /// # Errors
    /// Of the socket, or a packet that is no report.
    pub(super) fn next(&self) -> io::Result<Option<Heard>> {
        let mut buffer = vec![0; LONGEST];
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut ancillary = RecvAncillaryBuffer::new(&mut space);
        let received = retry_on_intr(|| {
            recvmsg(&self.0, &mut [IoSliceMut::new(&mut buffer)], &mut ancillary, RecvFlags::CMSG_CLOEXEC)
        })?;
        if received.bytes == 0 {
            return Ok(None);
        }
        let descriptor = ancillary.drain().find_map(|message| match message {
            RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
            _ => None,
        });
        let broken = |error| io::Error::new(io::ErrorKind::InvalidData, error);
        let report = postcard::from_bytes(&buffer[..received.bytes]).map_err(broken)?;
        Ok(Some((report, descriptor)))
    }
}

impl Share for Reports {
    const KIND: &'static str = "report socket";

    fn parts(&self) -> io::Result<Parts> {
        Parts::new(&(), [self.0.as_fd().try_clone_to_owned()?])
    }

    fn from_parts(mut parts: Parts) -> io::Result<Self> {
        Ok(Self(Arc::new(parts.descriptor()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_come_out_as_they_went_in_until_all_have_gone() {
        let (reports, inbox) = channel().expect("a socket");
        let other = Reports::from_parts(reports.parts().expect("parts")).expect("made again");
        let ready = |worker| Report::Ready { t_ns: 5, worker: WorkerId(worker), pid: 7 };
        assert!(inbox.is_empty());
        reports.tell(&ready(1));
        assert!(!inbox.is_empty());
        other.tell(&ready(2));
        let next = || inbox.next().expect("no error").map(|(report, _)| report);
        assert_eq!(next(), Some(ready(1)));
        assert_eq!(next(), Some(ready(2)));
        drop((reports, other));
        assert_eq!(next(), None);
    }

    #[test]
    fn a_descriptor_comes_with_the_report_that_it_was_sent_with() {
        let (reports, inbox) = channel().expect("a socket");
        let ready = |worker| Report::Ready { t_ns: 5, worker: WorkerId(worker), pid: 7 };
        let (reader, writer) = io::pipe().expect("a pipe");
        reports.tell(&ready(1));
        reports.tell_with(&ready(2), writer.as_fd());
        drop(writer);
        assert!(matches!(inbox.next(), Ok(Some((report, None))) if report == ready(1)));
        let Ok(Some((report, Some(sent)))) = inbox.next() else { panic!("no descriptor came") };
        assert_eq!(report, ready(2));
        rustix::io::write(&sent, b"x").expect("it is open");
        drop(sent);
        assert_eq!(io::read_to_string(reader).expect("text"), "x");
    }

    #[test]
    fn an_engine_that_has_gone_holds_nobody_up() {
        let (reports, inbox) = channel().expect("a socket");
        drop(inbox);
        reports.tell(&Report::Ready { t_ns: 0, worker: WorkerId(0), pid: 7 });
    }
}
