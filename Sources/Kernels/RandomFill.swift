/// Arrays of random numbers, eight at a time.
///
/// Element i of a fill depends on the address and i alone: a fill of elements 3 ..< 7 is that part of a fill of 0 ..< 10. With lanes the layout is
/// [element][lane], and lane w has the bits of a fill with one lane at its chain. Speed on a core of 2023: about 1.5 ns a uniform, 3 ns a normal.
public enum RandomFill {
  /// count × lanes uniforms on (0, 1), multiples of 2⁻⁵³ (odd ones), never 0 or 1.
  ///
  /// - Parameters:
  ///   - lanes: 1, 2, 4 or 8.
  ///   - chains: the chain of every lane; the chain of the address is not used.
  ///   - address: of the first element.
  ///   - out: [count][lanes].
  public static func uniforms(
    count: Int, lanes: Int, chains: UnsafePointer<UInt32>, at address: RandomAddress, _ out: UnsafeMutablePointer<Double>
  ) {
    fill(count, lanes, chains, address, .uniform, out)
  }

  /// Standard normals, by the transformation of Box and Muller (1958): a pair √(−2 log u) (cos 2πv, sin 2πv) from a pair of uniforms. |z| < 8.58.
  ///
  /// Parameters as in ``uniforms(count:lanes:chains:at:_:)``.
  public static func normals(
    count: Int, lanes: Int, chains: UnsafePointer<UInt32>, at address: RandomAddress, _ out: UnsafeMutablePointer<Double>
  ) {
    fill(count, lanes, chains, address, .normal, out)
  }

  /// Standard exponentials −log u. Parameters as in ``uniforms(count:lanes:chains:at:_:)``.
  public static func exponentials(
    count: Int, lanes: Int, chains: UnsafePointer<UInt32>, at address: RandomAddress, _ out: UnsafeMutablePointer<Double>
  ) {
    fill(count, lanes, chains, address, .exponential, out)
  }

  /// Standard Gumbels −log(−log u), of distribution function exp(−exp(−x)). Parameters as in ``uniforms(count:lanes:chains:at:_:)``.
  public static func gumbels(
    count: Int, lanes: Int, chains: UnsafePointer<UInt32>, at address: RandomAddress, _ out: UnsafeMutablePointer<Double>
  ) {
    fill(count, lanes, chains, address, .gumbel, out)
  }

  /// Standard logistics −log((1 − u) / u). Parameters as in ``uniforms(count:lanes:chains:at:_:)``.
  public static func logistics(
    count: Int, lanes: Int, chains: UnsafePointer<UInt32>, at address: RandomAddress, _ out: UnsafeMutablePointer<Double>
  ) {
    fill(count, lanes, chains, address, .logistic, out)
  }

  /// The law that a run of uniforms is turned into.
  private enum Law {
    case uniform, normal, exponential, gumbel, logistic
  }

  /// Turns vectors of uniforms, in pairs of vectors, into another law in place.
  private static func transform(_ vectors: Int, _ values: UnsafeMutablePointer<Double>, _ law: Law) {
    switch law {
    case .uniform: return
    case .normal: transformToNormals(vectors, values)
    case .exponential: negateLogarithms(vectors, values)
    case .gumbel:
      negateLogarithms(vectors, values)
      negateLogarithms(vectors, values)
    case .logistic:
      // −log of (1 − u) / u.
      for i in 0..<vectors {
        let u = Reduction.load(values + 8 * i)
        store((Vector8(repeating: 1) - u) / u, values + 8 * i)
      }
      negateLogarithms(vectors, values)
    }
  }

  // Never inlined, one logarithm each: in larger functions the optimizer takes vectors apart or stops inlining (twice the time, measured).
  @inline(never)
  private static func negateLogarithms(_ vectors: Int, _ values: UnsafeMutablePointer<Double>) {
    for i in 0..<vectors { store(-SIMDMath.log(Reduction.load(values + 8 * i)), values + 8 * i) }
  }

  @inline(never)
  private static func transformToNormals(_ vectors: Int, _ values: UnsafeMutablePointer<Double>) {
    for i in 0..<vectors / 2 {
      let (x, y) = normalPair(Reduction.load(values + 16 * i), Reduction.load(values + 16 * i + 8))
      store(x, values + 16 * i)
      store(y, values + 16 * i + 8)
    }
  }

  @inline(__always)
  private static func store(_ value: Vector8, _ pointer: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(pointer).storeBytes(of: value, as: Vector8.self)
  }

  /// √x for 2⁻¹⁰⁰⁰ ≤ x ≤ 2¹⁰⁰⁰, error ≤ 1 ulp (2 without fused multiply-add): 1/√x by an integer guess (3.5 % off) and four steps of Newton's
  /// method, then one correction of the root. `squareRoot()` of a vector takes it apart and calls libm's.
  @inline(__always)
  static func squareRoot(_ x: Vector8) -> Vector8 {
    let half = Vector8(repeating: 0.5)
    let guess = SIMD8<Int64>(repeating: 0x5FE6_EB50_C7B5_37A9) &- (SIMDMath.bits(x) &>> SIMD8<Int64>(repeating: 1))
    var r = SIMDMath.fromBits(guess)
    let h = half * x
    for _ in 0..<4 {
      let error = multiplyAdd(-h * r, r, half)
      r = multiplyAdd(r, error, r)
    }
    let root = x * r
    return multiplyAdd(multiplyAdd(-root, root, x), half * r, root)
  }

  /// √(−2 log u) (cos 2πv, sin 2πv). The angle is reduced exactly: 4v = q + r with q an integer and |r| ≤ ½, never r = 0.
  @inline(__always)
  static func normalPair(_ u: Vector8, _ v: Vector8) -> (Vector8, Vector8) {
    let radius = squareRoot(Vector8(repeating: -2) * SIMDMath.log(u))
    let turns = Vector8(repeating: 4) * v
    let shifted = turns + SIMDMath.splat(SIMDMath.shifter)
    let quadrant = SIMDMath.bits(shifted)
    let r = (turns - (shifted - SIMDMath.splat(SIMDMath.shifter))) * SIMDMath.splat(0x1.921fb54442d18p+0)
    let z = r * r
    let sine = SIMDMath.sineCore(r, .zero, z)
    let cosine = SIMDMath.cosineCore(r, .zero, z)
    let one = SIMD8<Int64>(repeating: 1)
    let two = SIMD8<Int64>(repeating: 2)
    let odd = (quadrant & one) .== one
    // Signs: the sine of quadrants 2, 3 and the cosine of 1, 2 are negative.
    let sineSign = (quadrant & two) &<< SIMD8<Int64>(repeating: 62)
    let cosineSign = ((quadrant &+ one) & two) &<< SIMD8<Int64>(repeating: 62)
    let y = SIMDMath.fromBits(SIMDMath.bits(SIMDMath.choose(odd, cosine, sine)) ^ sineSign)
    let x = SIMDMath.fromBits(SIMDMath.bits(SIMDMath.choose(odd, sine, cosine)) ^ cosineSign)
    return (radius * x, radius * y)
  }

  private static func fill(
    _ count: Int, _ lanes: Int, _ chains: UnsafePointer<UInt32>, _ address: RandomAddress, _ law: Law,
    _ out: UnsafeMutablePointer<Double>
  ) {
    precondition(lanes == 1 || lanes == 2 || lanes == 4 || lanes == 8, "lanes must be 1, 2, 4 or 8")
    let key = address.key(epoch: 0)
    let tail = address.counterTail(block: RandomAddress.fillBlock)
    let first = Int(address.element)
    let blocks = 8 / lanes
    var chain = Philox.Words.zero
    var offset = Philox.Words.zero
    for q in 0..<8 {
      chain[q] = UInt64(chains[q % lanes])
      offset[q] = UInt64(q / lanes)
    }
    let stream = Philox.Stream(
      key: key, step: Philox.Words(repeating: UInt64(tail.0)), chain: chain, site: Philox.Words(repeating: UInt64(tail.2)))
    let width = 2 * blocks
    // Constant and small, hence on the stack: eight vectors of pairs.
    withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { buffer in
      guard let base = buffer.baseAddress else { return }
      let uniforms = base.bindMemory(to: Double.self, capacity: 128)
      var block = first / 2
      while 2 * block < first + count {
        let vectors = min(8, (first + count - 2 * block + width - 1) / width)
        let counter = Philox.Words(repeating: UInt64(block)) &+ offset
        Philox.uniforms(stream, first: counter, increment: UInt64(blocks), vectors: vectors, uniforms)
        transform(2 * vectors, uniforms, law)
        for i in 0..<vectors {
          let all = arrange(Reduction.load(uniforms + 16 * i), Reduction.load(uniforms + 16 * i + 8), lanes)
          store(all, at: 2 * block - first, width, lanes, count, out)
          block += blocks
        }
      }
    }
  }

  /// Stores the elements start ..< start + width of all lanes, as far as they lie in 0 ..< count.
  @inline(__always)
  private static func store(
    _ all: SIMD16<Double>, at start: Int, _ width: Int, _ lanes: Int, _ count: Int, _ out: UnsafeMutablePointer<Double>
  ) {
    if start >= 0 && start + width <= count {
      UnsafeMutableRawPointer(out + start * lanes).storeBytes(of: all, as: SIMD16<Double>.self)
      return
    }
    for e in 0..<width where start + e >= 0 && start + e < count {
      for w in 0..<lanes { out[(start + e) * lanes + w] = all[e * lanes + w] }
    }
  }

  /// Sixteen numbers in the order [element][lane], from vectors [block][lane] of the even and of the odd elements.
  @inline(__always)
  private static func arrange(_ x: Vector8, _ y: Vector8, _ lanes: Int) -> SIMD16<Double> {
    switch lanes {
    case 1:
      var all = SIMD16<Double>.zero
      all.evenHalf = x
      all.oddHalf = y
      return all
    case 2:
      let (a, b, c, d) = (x.lowHalf, x.highHalf, y.lowHalf, y.highHalf)
      return SIMD16(
        lowHalf: Vector8(
          lowHalf: SIMD4(lowHalf: a.lowHalf, highHalf: c.lowHalf), highHalf: SIMD4(lowHalf: a.highHalf, highHalf: c.highHalf)),
        highHalf: Vector8(
          lowHalf: SIMD4(lowHalf: b.lowHalf, highHalf: d.lowHalf), highHalf: SIMD4(lowHalf: b.highHalf, highHalf: d.highHalf)))
    case 4:
      return SIMD16(
        lowHalf: Vector8(lowHalf: x.lowHalf, highHalf: y.lowHalf), highHalf: Vector8(lowHalf: x.highHalf, highHalf: y.highHalf))
    default: return SIMD16(lowHalf: x, highHalf: y)
    }
  }
}
