/// Recurrences over time of a few states, each of which has a row of independent columns: elements of a batch and their lanes.
///
/// Goals: equal bits whatever the number of lanes; no allocation; then speed for 2 to 16 states. Sums and maxima over states are taken in rising order.
/// Error of a logarithm of a sum: 2 ulp of the sum's logarithm and 1 ulp of the largest term (`exp` and `log` have 1 ulp each).
public enum Recurrences {
  public struct Extent: Sendable {
    public let steps: Int
    public let states: Int
    /// Independent columns of each state.
    public let columns: Int
    public init(steps: Int, states: Int, columns: Int) {
      self.steps = steps
      self.states = states
      self.columns = columns
    }
    /// The numbers of all states together, and as many as fill whole vectors.
    var row: Int { states * columns }
    var padded: Int { (row + 7) / 8 * 8 }
    /// The doubles that ``Recurrences/logSumExp(_:pairs:varies:singles:end:into:scratch:)`` needs beside its operands.
    public var scratchSize: Int { padded * (2 * states + 2) }
  }

  // MARK: - Logarithms of sums

  /// m[T] ← end, and for t = T − 1, …, 0: m[t][b] ← log Σ_a exp(pairs[t][a][b] + (m[t+1][a] + singles[t][a])).
  ///
  /// Where every term is −∞ the sum is −∞; a NaN among the terms is NaN.
  /// - Parameters:
  ///   - pairs: [T or 1][states a][states b][columns]; one matrix for all steps unless `varies`.
  ///   - singles: [T][states a][columns].
  ///   - end: [states][columns].
  ///   - messages: [T + 1][states][columns].
  ///   - scratch: ``Extent/scratchSize`` doubles.
  public static func logSumExp(
    _ extent: Extent, pairs: UnsafePointer<Double>, varies: Bool, singles: UnsafePointer<Double>, end: UnsafePointer<Double>,
    into messages: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Double>
  ) {
    let columns = extent.columns
    if columns == 1 {
      backward(extent, pairs, varies, singles, end, messages, scratch) { row, a, _ in Vector8(repeating: row[a]) }
    } else if columns % 8 == 0 {
      backward(extent, pairs, varies, singles, end, messages, scratch) { row, a, v in
        load(row + (a &* columns &+ (8 &* v) % columns))
      }
    } else {
      // The row of state a stands as often as there are states b.
      let (n, width) = (extent.row, extent.padded)
      let tiles = scratch + extent.padded * (extent.states + 2)
      backward(extent, pairs, varies, singles, end, messages, scratch) { row, a, v in
        if v == 0 { for i in 0..<n { tiles[a &* width &+ i] = row[a &* columns &+ i % columns] } }
        return load(tiles + (a &* width &+ 8 &* v))
      }
    }
  }

  /// `term(row, a, v)`: vector v, over states b and columns, of what does not depend on b of the terms of state a. It is called for vector 0 first.
  @inline(always)
  private static func backward(
    _ extent: Extent, _ pairs: UnsafePointer<Double>, _ varies: Bool, _ singles: UnsafePointer<Double>, _ end: UnsafePointer<Double>,
    _ messages: UnsafeMutablePointer<Double>, _ scratch: UnsafeMutablePointer<Double>,
    _ term: (_ row: UnsafeMutablePointer<Double>, _ a: Int, _ v: Int) -> Vector8
  ) {
    let (n, width, states) = (extent.row, extent.padded, extent.states)
    // Rows of whole vectors: the last message, what is added to the pairs, and the pairs where their rows are no whole vectors.
    let (last, row, matrix) = (scratch, scratch + width, scratch + 2 * width)
    let isWhole = n == width
    for i in 0..<width { last[i] = i < n ? end[i] : 0 }
    (messages + extent.steps * n).update(from: end, count: n)
    if !isWhole { for i in 0..<(width * states) { matrix[i] = i % width < n ? pairs[i / width * n + i % width] : 0 } }
    for back in 0..<extent.steps {
      let t = extent.steps &- 1 &- back
      for v in 0..<(width / 8) {
        store(load(last + 8 &* v) + partial(singles + (t &* n &+ 8 &* v), n &- 8 &* v), row + 8 &* v)
      }
      var here = isWhole ? pairs : UnsafePointer(matrix)
      if varies, isWhole { here = pairs + t &* states &* n }
      if varies, !isWhole {
        for a in 0..<states {
          for v in 0..<(width / 8) {
            store(partial(pairs + ((t &* states &+ a) &* n &+ 8 &* v), n &- 8 &* v), matrix + (a &* width &+ 8 &* v))
          }
        }
      }
      for v in 0..<(width / 8) {
        var largest = load(here + 8 &* v) + term(row, 0, v)
        for a in 1..<Swift.max(1, states) {
          let x = load(here + (a &* width &+ 8 &* v)) + term(row, a, v)
          largest.replace(with: x, where: x .> largest)
        }
        let shift = largest.replacing(with: 0, where: SIMDMath.magnitude(largest) .== .infinity)
        var sum = Vector8.zero
        for a in 0..<states { sum += SIMDMath.exp(load(here + (a &* width &+ 8 &* v)) + term(row, a, v) - shift) }
        let result = SIMDMath.log(sum) + shift
        store(result, last + 8 &* v)
        write(result, messages + (t &* n &+ 8 &* v), n &- 8 &* v)
      }
    }
  }

  // MARK: - Weights

  /// p[t][a][b] ← exp(pairs[t][a][b] + (m[t+1][a] + singles[t][a]) − m[t][b]): the share of state a in the sum that m[t][b] is the logarithm of;
  /// 0 where that is −∞.
  ///
  /// - Parameters: as of ``logSumExp(_:pairs:varies:singles:end:into:scratch:)``; `weights` is [T][states a][states b][columns].
  public static func weights(
    _ extent: Extent, pairs: UnsafePointer<Double>, varies: Bool, singles: UnsafePointer<Double>, messages: UnsafePointer<Double>,
    into weights: UnsafeMutablePointer<Double>
  ) {
    let (n, columns, states) = (extent.row, extent.columns, extent.states)
    for t in 0..<extent.steps {
      let here = varies ? pairs + t &* states &* n : pairs
      let now = messages + t &* n
      for a in 0..<states {
        let (after, single) = (messages + ((t &+ 1) &* n &+ a &* columns), singles + (t &* n &+ a &* columns))
        let (pair, target) = (here + a &* n, weights + (t &* states &+ a) &* n)
        if columns % 8 == 0 {
          for b in 0..<states {
            for c in stride(from: 0, to: columns, by: 8) {
              let x = load(pair + (b &* columns &+ c)) + (load(after + c) + load(single + c))
              store(x - finite(load(now + (b &* columns &+ c))), target + (b &* columns &+ c))
            }
          }
        } else {
          for b in 0..<states {
            for c in 0..<columns {
              let place = b &* columns &+ c
              let shift = now[place].magnitude == .infinity ? 0 : now[place]
              target[place] = pair[place] + (after[c] + single[c]) - shift
            }
          }
        }
      }
    }
    let count = extent.steps * states * n
    for i in stride(from: 0, to: count, by: 8) { write(SIMDMath.exp(partial(weights + i, count - i)), weights + i, count - i) }
  }

  @inline(always)
  private static func finite(_ x: Vector8) -> Vector8 { x.replacing(with: 0, where: SIMDMath.magnitude(x) .== .infinity) }

  // MARK: - Matrices

  /// y[0] ← first and y[t+1] ← A[t] y[t] + g[t]; reversed: y[T] ← first and y[t] ← A[t] y[t+1] + g[t].
  ///
  /// - Parameters:
  ///   - matrices: A [T][states out][states in][columns]; transposed: [T][in][out][columns].
  ///   - terms: g [T][states][columns].
  ///   - first: [states][columns].
  ///   - values: y [T + 1][states][columns].
  public static func linear(
    _ extent: Extent, matrices: UnsafePointer<Double>, transposed: Bool, reversed: Bool, terms: UnsafePointer<Double>,
    first: UnsafePointer<Double>, into values: UnsafeMutablePointer<Double>
  ) {
    let (n, columns, states) = (extent.row, extent.columns, extent.states)
    let (across, along) = transposed ? (columns, n) : (n, columns)
    (values + (reversed ? extent.steps * n : 0)).update(from: first, count: n)
    for step in 0..<extent.steps {
      let t = reversed ? extent.steps &- 1 &- step : step
      let from = values + (reversed ? t &+ 1 : t) &* n
      let to = values + (reversed ? t : t &+ 1) &* n
      let term = terms + t &* n
      let matrix = matrices + t &* states &* n
      for out in 0..<states {
        let line = matrix + out &* across
        var c = 0
        while c &+ 8 <= columns {
          var sum = load(term + (out &* columns &+ c))
          for i in 0..<states { sum = multiplyAdd(load(line + (i &* along &+ c)), load(from + (i &* columns &+ c)), sum) }
          store(sum, to + (out &* columns &+ c))
          c &+= 8
        }
        while c < columns {
          var sum = term[out &* columns &+ c]
          for i in 0..<states { sum = multiplyAdd(line[i &* along &+ c], from[i &* columns &+ c], sum) }
          to[out &* columns &+ c] = sum
          c &+= 1
        }
      }
    }
  }

  // MARK: - Vectors in memory

  @inline(always)
  private static func load(_ p: UnsafePointer<Double>) -> Vector8 { UnsafeRawPointer(p).loadUnaligned(as: Vector8.self) }

  @inline(always)
  private static func load(_ p: UnsafeMutablePointer<Double>) -> Vector8 { UnsafeRawPointer(p).loadUnaligned(as: Vector8.self) }

  @inline(always)
  private static func store(_ x: Vector8, _ p: UnsafeMutablePointer<Double>) {
    UnsafeMutableRawPointer(p).storeBytes(of: x, as: Vector8.self)
  }

  /// The first `count` of eight numbers, zeros after them.
  @inline(always)
  private static func partial(_ p: UnsafePointer<Double>, _ count: Int) -> Vector8 {
    if count >= 8 { return load(p) }
    var x = Vector8.zero
    for i in 0..<count { x[i] = p[i] }
    return x
  }

  @inline(always)
  private static func partial(_ p: UnsafeMutablePointer<Double>, _ count: Int) -> Vector8 { partial(UnsafePointer(p), count) }

  @inline(always)
  private static func write(_ x: Vector8, _ p: UnsafeMutablePointer<Double>, _ count: Int) {
    if count >= 8 { return store(x, p) }
    for i in 0..<count { p[i] = x[i] }
  }
}
