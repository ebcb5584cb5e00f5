/// Philox 4×32-10, the counter-based generator of Salmon, Moraes, Dror and Shaw (2011), Parallel Random Numbers: As Easy as 1, 2, 3.
///
/// A pure function of key and counter: no state, so any number can be had without those before it. It passes TestU01's BigCrush; its known
/// answers (Random123) are in the tests.
public enum Philox {
  public typealias Key = (UInt32, UInt32)
  public typealias Block = (UInt32, UInt32, UInt32, UInt32)

  @inlinable @inline(__always) static var multiplier0: UInt32 { 0xD251_1F53 }
  @inlinable @inline(__always) static var multiplier1: UInt32 { 0xCD9E_8D57 }
  @inlinable @inline(__always) static var weyl0: UInt32 { 0x9E37_79B9 }
  @inlinable @inline(__always) static var weyl1: UInt32 { 0xBB67_AE85 }

  /// The four words for one counter: ten rounds.
  public static func block(key: Key, counter: Block) -> Block {
    var (k0, k1) = key
    var (c0, c1, c2, c3) = counter
    for _ in 0..<10 {
      let p0 = UInt64(multiplier0) &* UInt64(c0)
      let p1 = UInt64(multiplier1) &* UInt64(c2)
      (c0, c1, c2, c3) = (
        UInt32(truncatingIfNeeded: p1 &>> 32) ^ c1 ^ k0, UInt32(truncatingIfNeeded: p1), UInt32(truncatingIfNeeded: p0 &>> 32) ^ c3 ^ k1,
        UInt32(truncatingIfNeeded: p0)
      )
      k0 = k0 &+ weyl0
      k1 = k1 &+ weyl1
    }
    return (c0, c1, c2, c3)
  }

  /// The uniform number of two words: (2k + 1) / 2⁵³ where k has the 32 bits of `high` and the upper 20 of `low`.
  ///
  /// It lies in [2⁻⁵³, 1 − 2⁻⁵³], never at an end, and 1 − u is exact and of the same form.
  public static func uniform(low: UInt32, high: UInt32) -> Double {
    let k = UInt64(high) &<< 20 | UInt64(low &>> 12)
    return Double(bitPattern: 0x3FF0_0000_0000_0000 | k) - 0x1.fffffffffffffp-1
  }

  /// Eight words, each in the low half of its lane; what stands in the high half is without meaning.
  typealias Words = SIMD8<UInt64>

  @inline(__always)
  static var wordMask: Words { Words(repeating: 0xFFFF_FFFF) }

  /// What stays the same over a run of blocks: the key and the last three words of the counters.
  struct Stream {
    var key: Key
    var step: Words
    var chain: Words
    var site: Words
  }

  /// The uniforms of `vectors` × 8 blocks: for every vector of first words, 8 numbers of words 0 and 1, then 8 of words 2 and 3, with the bits of
  /// ``uniform(low:high:)``.
  ///
  /// Never inlined: the optimizer would pull the shuffles of its callers through all ten rounds (twice the time, measured).
  @inline(never)
  static func uniforms(
    _ stream: Stream, first: Words, increment: UInt64, vectors: Int, _ out: UnsafeMutablePointer<Double>
  ) {
    let target = UnsafeMutableRawPointer(out)
    var counter = first
    for i in 0..<vectors {
      var k0 = stream.key.0
      var k1 = stream.key.1
      var (c0, c1, c2, c3) = (counter, stream.step, stream.chain, stream.site)
      for _ in 0..<10 {
        let p0 = (c0 & wordMask) &* Words(repeating: UInt64(multiplier0))
        let p1 = (c2 & wordMask) &* Words(repeating: UInt64(multiplier1))
        c0 = (p1 &>> Words(repeating: 32)) ^ c1 ^ Words(repeating: UInt64(k0))
        c1 = p1
        c2 = (p0 &>> Words(repeating: 32)) ^ c3 ^ Words(repeating: UInt64(k1))
        c3 = p0
        k0 = k0 &+ weyl0
        k1 = k1 &+ weyl1
      }
      target.storeBytes(of: uniform(low: c0, high: c1), toByteOffset: 128 * i, as: Vector8.self)
      target.storeBytes(of: uniform(low: c2, high: c3), toByteOffset: 128 * i + 64, as: Vector8.self)
      counter &+= Words(repeating: increment)
    }
  }

  @inline(__always)
  private static func uniform(low: Words, high: Words) -> Vector8 {
    let k = ((high & wordMask) &<< Words(repeating: 20)) | ((low & wordMask) &>> Words(repeating: 12))
    let bits = k | Words(repeating: 0x3FF0_0000_0000_0000)
    return unsafeBitCast(bits, to: Vector8.self) - Vector8(repeating: 0x1.fffffffffffffp-1)
  }
}
