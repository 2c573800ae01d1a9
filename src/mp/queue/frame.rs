//! How a message lies in the pipe of a queue: as cells of one size.
//!
//! Reads and writes of whole cells leave whole cells behind, whoever is killed in between, so that the next reader always
//! finds the beginning of a cell, and from its kind the beginning of the next message.
//!
//! | bytes | first cell of a message | further cells |
//! |---|---|---|
//! | 0 | [`FIRST`] | [`MORE`] |
//! | 4..8 | length of the message | message |
//! | 8..16 | its number | message |
//! | 16..20 | its place in the pipe | message |
//! | 20..64 | message | message |

/// Divides the kernel's page and the size of an atomic write.
pub(super) const CELL: usize = 64;
const FIRST: u8 = 0xf1;
const MORE: u8 = 0xa7;
const PLACE: usize = 16;
const IN_FIRST: usize = CELL - PLACE - 4;
const IN_MORE: usize = CELL - 4;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Kind {
    First { length: usize, number: u64, place: u32 },
    More,
    Nonsense,
}

/// Cells that carry a message of this length.
pub(super) fn cells(length: usize) -> usize {
    1 + length.saturating_sub(IN_FIRST).div_ceil(IN_MORE)
}

/// Without its place, which is known once it is its turn.
pub(super) fn encode(message: &[u8], number: u64) -> Vec<u8> {
    let mut frame = Vec::with_capacity(cells(message.len()) * CELL);
    let (first, rest) = message.split_at(message.len().min(IN_FIRST));
    frame.extend([FIRST, 0, 0, 0]);
    frame.extend((message.len() as u32).to_ne_bytes());
    frame.extend(number.to_ne_bytes());
    frame.extend([0; 4]);
    frame.extend(first);
    for part in rest.chunks(IN_MORE) {
        frame.extend([MORE, 0, 0, 0]);
        frame.extend(part);
    }
    frame.resize(cells(message.len()) * CELL, 0);
    frame
}

pub(super) fn set_place(frame: &mut [u8], place: u32) {
    if let Some(bytes) = frame.get_mut(PLACE..PLACE + 4) {
        bytes.copy_from_slice(&place.to_ne_bytes());
    }
}

pub(super) fn kind(cell: &[u8; CELL]) -> Kind {
    let [kind, _, _, _, a, b, c, d, number @ ..] = cell;
    match (*kind, number.first_chunk(), cell[PLACE..].first_chunk()) {
        (FIRST, Some(number), Some(place)) => Kind::First {
            length: u32::from_ne_bytes([*a, *b, *c, *d]) as usize,
            number: u64::from_ne_bytes(*number),
            place: u32::from_ne_bytes(*place),
        },
        (MORE, ..) => Kind::More,
        _ => Kind::Nonsense,
    }
}

/// What the first cell carries of the message.
pub(super) fn begin(cell: &[u8; CELL], length: usize) -> Vec<u8> {
    cell[CELL - IN_FIRST..][..length.min(IN_FIRST)].to_vec()
}

/// Appends what further cells carry, up to the length of the message. False when one of them is the first of another.
pub(super) fn extend(message: &mut Vec<u8>, length: usize, cells: &[u8]) -> bool {
    cells.chunks_exact(CELL).all(|cell| {
        let part = IN_MORE.min(length - message.len().min(length));
        message.extend(&cell[CELL - IN_MORE..][..part]);
        cell[0] == MORE
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_comes_back() {
        for length in (0..400).chain([4095, 4096, 65_536, 1 << 20]) {
            let message: Vec<u8> = (0..length).map(|at| (at % 253) as u8).collect();
            let mut frame = encode(&message, 7 << 32 | 9);
            set_place(&mut frame, 5);
            assert_eq!(frame.len(), cells(length) * CELL, "{length}");
            let (first, rest) = frame.split_first_chunk::<CELL>().unwrap();
            assert_eq!(kind(first), Kind::First { length, number: 7 << 32 | 9, place: 5 });
            let mut back = begin(first, length);
            for piece in rest.chunks(5 * CELL) {
                assert!(extend(&mut back, length, piece), "{length}");
            }
            assert_eq!(back, message, "{length}");
            for cell in rest.chunks_exact(CELL) {
                assert_eq!(kind(cell.first_chunk().unwrap()), Kind::More);
            }
        }
    }

    #[test]
    fn the_beginning_of_another_message_is_no_continuation() {
        let other = encode(b"other", 2);
        assert!(!extend(&mut vec![0; IN_FIRST], 100, &other));
        assert_eq!(kind(&[0; CELL]), Kind::Nonsense);
    }
}
