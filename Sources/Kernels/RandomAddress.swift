/// Where a random number stands: equal address, equal bits, whatever ran before, on any number of lanes and threads.
///
/// The layout, from the address to Philox:
///
///     key      = mix(seed) + mix(purpose · 2³² + upper 32 bits of step)         mod 2⁶⁴, mix a bijection of 64 bits
///     counter  = [ element (of a stream) or element / 2 (of a fill) | lower 32 bits of step | chain | site · 2¹² + block ]
///
/// For one seed the map is injective while site < 2²⁰: no two addresses share a number. A stream uses the blocks 0 … 4094 of its counter, two
/// numbers each; a fill has block 4095, two neighbouring elements in one counter. What does not fit is hashed: the upper 12 bits of a
/// larger site and every further 4095 blocks of a long stream change the key by a 64-bit hash, so that a collision among m such keys has
/// probability about m² / 2⁶⁵. Two seeds of the same purpose have different keys; of different purposes, different but for chance (2⁻⁶⁴).
/// A fill and a stream at one address are independent; two fills at one address (uniform and normal, say) are made of the same bits.
public struct RandomAddress: Hashable, Sendable {
  /// The seed of the whole run.
  public var seed: UInt64
  /// Which part of the program draws; a number fixed in the source.
  public var purpose: UInt32
  /// The chain, particle or Monte Carlo sample.
  public var chain: UInt32
  /// The iteration.
  public var step: UInt64
  /// The site within an iteration.
  public var site: UInt32
  /// The element within a site: the first of a fill.
  public var element: UInt32

  public init(seed: UInt64, purpose: UInt32, chain: UInt32 = 0, step: UInt64 = 0, site: UInt32 = 0, element: UInt32 = 0) {
    self.seed = seed
    self.purpose = purpose
    self.chain = chain
    self.step = step
    self.site = site
    self.element = element
  }

  static let siteBits: UInt32 = 20
  static let blockBits: UInt32 = 12
  /// The block of fills; streams use the blocks below.
  static let fillBlock: UInt32 = (1 << blockBits) - 1

  /// The finalizer of SplitMix64 (Steele, Lea and Flood 2014): a bijection of 64-bit words.
  static func mix(_ value: UInt64) -> UInt64 {
    var z = value &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ (z &>> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z &>> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z &>> 31)
  }

  /// The key; `epoch` counts the fillings of the block field of a stream.
  func key(epoch: UInt64) -> Philox.Key {
    let place = UInt64(purpose) &<< 32 | step &>> 32
    var word = Self.mix(seed) &+ Self.mix(~place)
    let excess = UInt64(site &>> Self.siteBits) | epoch &<< 12
    if excess != 0 { word = Self.mix(word ^ Self.mix(excess)) }
    return (UInt32(truncatingIfNeeded: word), UInt32(truncatingIfNeeded: word &>> 32))
  }

  /// The counter words that follow the element: step, chain, site and block.
  func counterTail(block: UInt32) -> (UInt32, UInt32, UInt32) {
    (UInt32(truncatingIfNeeded: step), chain, site &<< Self.blockBits | block)
  }
}
