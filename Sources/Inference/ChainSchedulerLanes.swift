import Kernels

/// Chains keep their vectors apart; an evaluator wants them interleaved, [element][lane]. These two loops change the order in registers, eight
/// elements of every lane at a time: all buffers hold whole blocks of eight elements.
enum LaneOrder {
  typealias Pointer = PaddedVector.Pointer

  /// target[8·blocks][lanes] ← the vectors `sources[lane]`; lanes is 2, 4 or 8.
  static func interleave(_ sources: UnsafePointer<Pointer>, lanes: Int, blocks: Int, into target: Pointer) {
    switch lanes {
    case 2:
      let (s0, s1) = (sources[0], sources[1])
      for k in 0..<blocks {
        let (r0, r1) = zip(PaddedVector.load(s0, k), PaddedVector.load(s1, k))
        PaddedVector.store(r0, target, 2 * k)
        PaddedVector.store(r1, target, 2 * k + 1)
      }
    case 4:
      let (s0, s1, s2, s3) = (sources[0], sources[1], sources[2], sources[3])
      for k in 0..<blocks {
        let even = zip(PaddedVector.load(s0, k), PaddedVector.load(s2, k))
        let odd = zip(PaddedVector.load(s1, k), PaddedVector.load(s3, k))
        storePair(zip(even.0, odd.0), target, 4 * k)
        storePair(zip(even.1, odd.1), target, 4 * k + 2)
      }
    default:
      for k in 0..<blocks {
        let a = zip(PaddedVector.load(sources[0], k), PaddedVector.load(sources[4], k))
        let b = zip(PaddedVector.load(sources[1], k), PaddedVector.load(sources[5], k))
        let c = zip(PaddedVector.load(sources[2], k), PaddedVector.load(sources[6], k))
        let d = zip(PaddedVector.load(sources[3], k), PaddedVector.load(sources[7], k))
        let (e0, e1) = (zip(a.0, c.0), zip(a.1, c.1))
        let (o0, o1) = (zip(b.0, d.0), zip(b.1, d.1))
        storePair(zip(e0.0, o0.0), target, 8 * k)
        storePair(zip(e0.1, o0.1), target, 8 * k + 2)
        storePair(zip(e1.0, o1.0), target, 8 * k + 4)
        storePair(zip(e1.1, o1.1), target, 8 * k + 6)
      }
    }
  }

  /// The vectors `targets[lane]` ← source[8·blocks][lanes].
  static func separate(_ source: Pointer, lanes: Int, blocks: Int, into targets: UnsafePointer<Pointer>) {
    switch lanes {
    case 2:
      for k in 0..<blocks {
        let (r0, r1) = unzip(loadPair(source, 2 * k))
        PaddedVector.store(r0, targets[0], k)
        PaddedVector.store(r1, targets[1], k)
      }
    case 4:
      for k in 0..<blocks {
        let low = unzip(loadPair(source, 4 * k))
        let high = unzip(loadPair(source, 4 * k + 2))
        let even = unzip((low.0, high.0))
        let odd = unzip((low.1, high.1))
        PaddedVector.store(even.0, targets[0], k)
        PaddedVector.store(odd.0, targets[1], k)
        PaddedVector.store(even.1, targets[2], k)
        PaddedVector.store(odd.1, targets[3], k)
      }
    default:
      for k in 0..<blocks {
        let p0 = unzip(loadPair(source, 8 * k))
        let p1 = unzip(loadPair(source, 8 * k + 2))
        let p2 = unzip(loadPair(source, 8 * k + 4))
        let p3 = unzip(loadPair(source, 8 * k + 6))
        let (e0, e1) = (unzip((p0.0, p1.0)), unzip((p2.0, p3.0)))
        let (o0, o1) = (unzip((p0.1, p1.1)), unzip((p2.1, p3.1)))
        let (a, c) = (unzip((e0.0, e1.0)), unzip((e0.1, e1.1)))
        let (b, d) = (unzip((o0.0, o1.0)), unzip((o0.1, o1.1)))
        PaddedVector.store(a.0, targets[0], k)
        PaddedVector.store(b.0, targets[1], k)
        PaddedVector.store(c.0, targets[2], k)
        PaddedVector.store(d.0, targets[3], k)
        PaddedVector.store(a.1, targets[4], k)
        PaddedVector.store(b.1, targets[5], k)
        PaddedVector.store(c.1, targets[6], k)
        PaddedVector.store(d.1, targets[7], k)
      }
    }
  }

  /// (a₀ b₀ a₁ b₁ a₂ b₂ a₃ b₃), (a₄ b₄ … b₇).
  @inline(__always) private static func zip(_ a: Vector8, _ b: Vector8) -> (Vector8, Vector8) {
    var both = SIMD16<Double>()
    both.evenHalf = a
    both.oddHalf = b
    return (both.lowHalf, both.highHalf)
  }

  /// The inverse of `zip`.
  @inline(__always) private static func unzip(_ pair: (Vector8, Vector8)) -> (Vector8, Vector8) {
    let both = SIMD16<Double>(lowHalf: pair.0, highHalf: pair.1)
    return (both.evenHalf, both.oddHalf)
  }

  @inline(__always) private static func storePair(_ pair: (Vector8, Vector8), _ target: Pointer, _ block: Int) {
    PaddedVector.store(pair.0, target, block)
    PaddedVector.store(pair.1, target, block + 1)
  }

  @inline(__always) private static func loadPair(_ source: Pointer, _ block: Int) -> (Vector8, Vector8) {
    (PaddedVector.load(source, block), PaddedVector.load(source, block + 1))
  }
}
