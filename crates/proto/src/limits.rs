//! Every limit of the contract. Together they bound what one connection can hold: one read, the
//! largest request that its protocol allows, the high-water mark, and one reply.

/// How many bytes a shell's read buffer holds.
///
/// 16 KiB: large enough that a bulk transfer is not ruled by system calls, small enough that a
/// thread's stack or a future can hold it.
pub const READ_SIZE: usize = 16 * 1024;

/// A batch of replies ends when it has this many bytes.
///
/// 16 KiB: one write of this size costs little more than its copying, so collecting more replies
/// for it would buy nothing. Node.js streams stop at the same mark.
pub const HIGH_WATER: usize = 16 * 1024;

/// A buffer larger than this goes back to the allocator when at most half as much is left in it.
///
/// 4 KiB: ordinary requests and replies reuse their buffer; ten thousand connections that each
/// carried one large message do not go on paying for it.
pub const KEEP: usize = 4 * 1024;
