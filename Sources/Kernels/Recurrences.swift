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
    /// The doubles that the kernels need beside their operands, initialized to anything finite.
    public var scratchSize: Int { padded * (2 * states + 2) + 16 }
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
    let (n, width, states, columns) = (extent.row, extent.padded, extent.states, extent.columns)
    // Rows of whole vectors: the last message, what is added to the pairs, the pairs, and what is added as often as there are states b.
    let (last, row, matrix, tiles) = (scratch, scratch + width, scratch + 2 * width, scratch + (2 + states) * width)
    let isWhole = columns % 8 == 0
    var here = pairs
    if !isWhole {
      spread(pairs, n, states, to: matrix, width)
      here = UnsafePointer(matrix)
    }
    for i in 0..<n { last[i] = end[i] }
    (messages + extent.steps * n).update(from: end, count: n)
    for back in 0..<extent.steps {
      let t = extent.steps &- 1 &- back
      if varies, isWhole { here = pairs + t &* states &* n }
      if varies, !isWhole { spread(pairs + t &* states &* n, n, states, to: matrix, width) }
      add(last, singles + t &* n, n, to: row)
      if columns == 1 {
        sumOfRows(here, row, states, width, last)
      } else if isWhole {
        sum(here, row, stride: columns, period: columns, states, width, last)
      } else {
        for a in 0..<states { for i in 0..<n { tiles[a &* width &+ i] = row[a &* columns &+ i % columns] } }
        sum(here, tiles, stride: width, period: width, states, width, last)
      }
      copy(last, n, to: messages + t &* n)
    }
  }

  /// Rows of n numbers as rows of `width`.
  @inline(always)
  private static func spread(_ source: Pointer, _ n: Int, _ rows: Int, to target: Target, _ width: Int) {
    for a in 0..<rows { copy(source + a &* n, n, to: target + a &* width) }
  }

  /// A few numbers, one by one where they fill no vector.
  @inline(always)
  private static func copy(_ source: Pointer, _ n: Int, to target: Target) {
    var i = 0
    while i &+ 8 <= n {
      store(load(source + i), target + i)
      i &+= 8
    }
    while i < n {
      target[i] = source[i]
      i &+= 1
    }
  }

  @inline(always)
  private static func add(_ a: Pointer, _ b: Pointer, _ n: Int, to target: Target) {
    var i = 0
    while i &+ 8 <= n {
      store(load(a + i) + load(b + i), target + i)
      i &+= 8
    }
    while i < n {
      target[i] = a[i] + b[i]
      i &+= 1
    }
  }

  /// to ← log Σ_a exp(matrix[a] + row[a]), one number for each row of the matrix.
  @inline(never)
  private static func sumOfRows(_ matrix: Pointer, _ row: Pointer, _ states: Int, _ width: Int, _ to: Target) {
    var v = 0
    while v < width {
      var largest = load(matrix + v) + Vector8(repeating: row[0])
      var a = 1
      while a < states {
        largest = greater(largest, load(matrix + (a &* width &+ v)) + Vector8(repeating: row[a]))
        a &+= 1
      }
      let shift = finite(largest)
      var sum = SIMDMath.exp(load(matrix + v) + Vector8(repeating: row[0]) - shift)
      a = 1
      while a < states {
        sum += SIMDMath.exp(load(matrix + (a &* width &+ v)) + Vector8(repeating: row[a]) - shift)
        a &+= 1
      }
      store(SIMDMath.log(sum) + shift, to + v)
      v &+= 8
    }
  }

  /// The same with vectors of terms: those of row a begin at a · stride and start again after `period` numbers.
  @inline(never)
  private static func sum(
    _ matrix: Pointer, _ terms: Pointer, stride: Int, period: Int, _ states: Int, _ width: Int, _ to: Target
  ) {
    var v = 0
    var place = 0
    while v < width {
      var largest = load(matrix + v) + load(terms + place)
      var a = 1
      while a < states {
        largest = greater(largest, load(matrix + (a &* width &+ v)) + load(terms + (a &* stride &+ place)))
        a &+= 1
      }
      let shift = finite(largest)
      var sum = SIMDMath.exp(load(matrix + v) + load(terms + place) - shift)
      a = 1
      while a < states {
        sum += SIMDMath.exp(load(matrix + (a &* width &+ v)) + load(terms + (a &* stride &+ place)) - shift)
        a &+= 1
      }
      store(SIMDMath.log(sum) + shift, to + v)
      v &+= 8
      place &+= 8
      if place == period { place = 0 }
    }
  }

  // MARK: - Weights

  /// p[t][a][b] ← exp(pairs[t][a][b] + (m[t+1][a] + singles[t][a]) − m[t][b]): the share of state a in the sum that m[t][b] is the logarithm of;
  /// 0 where that is −∞.
  ///
  /// - Parameters: as of ``logSumExp(_:pairs:varies:singles:end:into:scratch:)``; `weights` is [T][states a][states b][columns].
  public static func weights(
    _ extent: Extent, pairs: UnsafePointer<Double>, varies: Bool, singles: UnsafePointer<Double>, messages: UnsafePointer<Double>,
    into weights: UnsafeMutablePointer<Double>, scratch: UnsafeMutablePointer<Double>
  ) {
    let (n, columns, states) = (extent.row, extent.columns, extent.states)
    let (row, shift) = (scratch, scratch + extent.padded)
    for t in 0..<extent.steps {
      let here = varies ? pairs + t &* states &* n : pairs
      add(messages + (t &+ 1) &* n, singles + t &* n, n, to: row)
      copy(messages + t &* n, n, to: shift)
      for v in stride(from: 0, to: extent.padded, by: 8) { store(finite(load(shift + v)), shift + v) }
      let target = weights + t &* states &* n
      if columns == 1 {
        differences(here, row, shift, n, target)
      } else {
        for a in 0..<states {
          for b in 0..<states {
            let place = (a &* states &+ b) &* columns
            var c = 0
            while c &+ 8 <= columns {
              let x = load(here + (place &+ c)) + load(row + (a &* columns &+ c))
              store(x - load(shift + (b &* columns &+ c)), target + (place &+ c))
              c &+= 8
            }
            while c < columns {
              target[place &+ c] = here[place &+ c] + row[a &* columns &+ c] - shift[b &* columns &+ c]
              c &+= 1
            }
          }
        }
      }
    }
    let count = extent.steps * states * n
    var i = 0
    while i &+ 8 <= count {
      store(SIMDMath.exp(load(weights + i)), weights + i)
      i &+= 8
    }
    if i < count {
      copy(weights + i, count - i, to: scratch)
      store(SIMDMath.exp(load(scratch)), scratch)
      copy(scratch, count - i, to: weights + i)
    }
  }

  @inline(always)
  private static func differences(_ pairs: Pointer, _ row: Pointer, _ shift: Pointer, _ n: Int, _ target: Target) {
    var a = 0
    while a < n {
      let (pair, to, term) = (pairs + a &* n, target + a &* n, row[a])
      var b = 0
      while b < n {
        to[b] = pair[b] + term - shift[b]
        b &+= 1
      }
      a &+= 1
    }
  }

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
      if columns == 1 {
        product(matrix, across, along, from, term, states, to)
      } else {
        product(matrix, across, along, from, term, states, columns, to)
      }
    }
  }

  /// to ← term + A from, with A[out][i] at out · across + i · along.
  @inline(always)
  private static func product(
    _ matrix: Pointer, _ across: Int, _ along: Int, _ from: Target, _ term: Pointer, _ states: Int, _ to: Target
  ) {
    var out = 0
    while out < states {
      var sum = term[out]
      var place = out &* across
      var i = 0
      while i < states {
        sum = multiplyAdd(matrix[place], from[i], sum)
        place &+= along
        i &+= 1
      }
      to[out] = sum
      out &+= 1
    }
  }

  /// The same with several columns.
  @inline(always)
  private static func product(
    _ matrix: Pointer, _ across: Int, _ along: Int, _ from: Target, _ term: Pointer, _ states: Int, _ columns: Int, _ to: Target
  ) {
    for out in 0..<states {
      let line = matrix + out &* across
      let place = out &* columns
      var c = 0
      while c &+ 8 <= columns {
        var sum = load(term + (place &+ c))
        for i in 0..<states { sum = multiplyAdd(load(line + (i &* along &+ c)), load(from + (i &* columns &+ c)), sum) }
        store(sum, to + (place &+ c))
        c &+= 8
      }
      while c < columns {
        var sum = term[place &+ c]
        for i in 0..<states { sum = multiplyAdd(line[i &* along &+ c], from[i &* columns &+ c], sum) }
        to[place &+ c] = sum
        c &+= 1
      }
    }
  }

  // MARK: - Vectors

  private typealias Pointer = UnsafePointer<Double>
  private typealias Target = UnsafeMutablePointer<Double>

  @inline(always)
  private static func load(_ p: Pointer) -> Vector8 { UnsafeRawPointer(p).loadUnaligned(as: Vector8.self) }

  @inline(always)
  private static func load(_ p: Target) -> Vector8 { UnsafeRawPointer(p).loadUnaligned(as: Vector8.self) }

  @inline(always)
  private static func store(_ x: Vector8, _ p: Target) { UnsafeMutableRawPointer(p).storeBytes(of: x, as: Vector8.self) }

  @inline(always)
  private static func greater(_ a: Vector8, _ b: Vector8) -> Vector8 { a.replacing(with: b, where: b .> a) }

  /// 0 in place of infinities.
  @inline(always)
  private static func finite(_ x: Vector8) -> Vector8 { x.replacing(with: 0, where: SIMDMath.magnitude(x) .== .infinity) }
}
