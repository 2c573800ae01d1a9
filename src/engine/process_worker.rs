//! The program of a worker process: `poolscope worker N`, with the engine's stream as its stdin.

use std::{os::fd::BorrowedFd, time::Duration};

use rustix::net::{RecvFlags, SendFlags, recv, send};

use super::{
    life,
    wire::{Down, FrameReader, Up, append_frame},
    worker::{Gone, Halt, Link, work},
};
use crate::{ids::TaskId, workload::Cancelled};

/// Processes are cancelled by signals; their tasks need not ask.
struct BySignal;

impl Halt for BySignal {
    fn checkpoint(&self, _task: TaskId) -> Result<(), Cancelled> {
        Ok(())
    }

    fn sleep(&self, _task: TaskId, time: Duration) -> Result<(), Cancelled> {
        std::thread::sleep(time);
        Ok(())
    }
}

struct StreamLink {
    stream: BorrowedFd<'static>,
    frames: FrameReader,
    out: Vec<u8>,
    buffer: Vec<u8>,
}

impl Link for StreamLink {
    fn next(&mut self, wait: bool) -> Result<Option<Down>, Gone> {
        loop {
            if let Some(message) = self.frames.next().map_err(|_engine_talks_nonsense| Gone)? {
                return Ok(Some(message));
            }
            let flags = if wait { RecvFlags::empty() } else { RecvFlags::DONTWAIT };
            match recv(self.stream, self.buffer.as_mut_slice(), flags) {
                Ok((0, _)) => return Err(Gone),
                Ok((count, _)) => self.frames.push(&self.buffer[..count]),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(_) => return Err(Gone),
            }
        }
    }

    fn queue(&mut self, message: Up) -> Result<(), Gone> {
        append_frame(&mut self.out, &message).map_err(|_too_long| Gone)
    }

    fn flush(&mut self) -> Result<(), Gone> {
        let mut rest = self.out.as_slice();
        while !rest.is_empty() {
            match send(self.stream, rest, SendFlags::NOSIGNAL) {
                Ok(count) => rest = &rest[count..],
                Err(rustix::io::Errno::INTR) => {}
                Err(_) => return Err(Gone),
            }
        }
        self.out.clear();
        Ok(())
    }
}

/// Runs until the engine says quit or goes away.
pub fn worker_main() -> u8 {
    if !life::die_with_parent() {
        return 0;
    }
    life::no_core_dumps();
    // A task's panic is told as its result; the hook's own report would only repeat it in the log.
    std::panic::set_hook(Box::new(|_panic| {}));
    let mut link = StreamLink {
        stream: rustix::stdio::stdin(),
        frames: FrameReader::default(),
        out: Vec::new(),
        buffer: vec![0; 16 << 10],
    };
    match link.next(true) {
        Ok(Some(Down::Job(job))) => {
            life::name_process(&format!("poolscope-w{}", job.worker.0));
            let _gone_is_how_an_orphan_learns_of_it = work(&mut link, &BySignal, &job);
            0
        }
        _ => 2,
    }
}
