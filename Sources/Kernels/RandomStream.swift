/// The numbers of one address in sequence, for samplers that need an unknown number of them.
///
/// A value: a copy continues on its own. Every draw is a function of the address and of the draws before it in this stream, never of another stream.
public struct RandomStream: Sendable {
  private let address: RandomAddress
  private var key: Philox.Key
  private var epoch: UInt64 = 0
  private var block: UInt32 = 0
  private var spareWords: (low: UInt32, high: UInt32)?
  private var spareNormal: Double?

  public init(at address: RandomAddress) {
    self.address = address
    key = address.key(epoch: 0)
  }

  /// The next 64 random bits, as two words.
  @inline(__always)
  private mutating func nextWords() -> (low: UInt32, high: UInt32) {
    if let words = spareWords {
      spareWords = nil
      return words
    }
    if block == RandomAddress.fillBlock {
      block = 0
      epoch += 1
      key = address.key(epoch: epoch)
    }
    let tail = address.counterTail(block: block)
    let words = Philox.block(key: key, counter: (address.element, tail.0, tail.1, tail.2))
    block += 1
    spareWords = (words.2, words.3)
    return (words.0, words.1)
  }

  /// 64 independent fair bits.
  public mutating func nextBits() -> UInt64 {
    let words = nextWords()
    return UInt64(words.high) &<< 32 | UInt64(words.low)
  }

  /// Uniform on (0, 1): an odd multiple of 2⁻⁵³, never 0 or 1.
  public mutating func nextUniform() -> Double {
    let words = nextWords()
    return Philox.uniform(low: words.low, high: words.high)
  }

  /// Uniform on 0 ..< bound, exactly: Lemire (2019), Fast Random Integer Generation in an Interval. 0 for bound 0.
  public mutating func nextInteger(below bound: UInt64) -> UInt64 {
    if bound == 0 { return 0 }
    var product = nextBits().multipliedFullWidth(by: bound)
    if product.low < bound {
      let threshold = (0 &- bound) % bound
      while product.low < threshold { product = nextBits().multipliedFullWidth(by: bound) }
    }
    return product.high
  }

  /// Standard normal, by pairs as ``RandomFill/normals(count:lanes:chains:at:_:)``.
  public mutating func nextNormal() -> Double {
    if let spare = spareNormal {
      spareNormal = nil
      return spare
    }
    let u = nextUniform()
    let v = nextUniform()
    let (x, y) = RandomFill.normalPair(Vector8(repeating: u), Vector8(repeating: v))
    spareNormal = y[0]
    return x[0]
  }

  /// Standard exponential −log u.
  public mutating func nextExponential() -> Double { -logarithm(nextUniform()) }

  /// Standard Gumbel −log(−log u).
  public mutating func nextGumbel() -> Double { -logarithm(-logarithm(nextUniform())) }

  /// Standard logistic −log((1 − u) / u).
  public mutating func nextLogistic() -> Double {
    let u = nextUniform()
    return -logarithm((1 - u) / u)
  }

  /// Cauchy with location 0 and scale 1: tan(π(u − ½)).
  public mutating func nextCauchy() -> Double { SIMDMath.tan(Vector8(repeating: .pi * (nextUniform() - 0.5)))[0] }
}

/// The logarithm of the kernels for one number: libm's bits may differ from machine to machine.
@inline(__always)
func logarithm(_ x: Double) -> Double { SIMDMath.log(Vector8(repeating: x))[0] }

/// exp x by the kernels.
@inline(__always)
func exponential(_ x: Double) -> Double { SIMDMath.exp(Vector8(repeating: x))[0] }

/// log Γ(x) by the kernels.
@inline(__always)
func logGamma(_ x: Double) -> Double { SIMDMath.logGamma(Vector8(repeating: x))[0] }
