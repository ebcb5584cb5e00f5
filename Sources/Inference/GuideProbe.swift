import Foundation
import Kernels
import Modeling

/// What short Markov chains that begin at draws of a guide q say about it.
///
/// The chains leave p as it is (``ProbeChains``): if q = p, nothing moves. For a function f of the draw let f₀ be its values at the starts and f̄ each chain's mean over
/// the snapshots in the second half; with the slope ρ of f̄ on f₀ over chains (what is remembered of the start), E f̄ = E_p f + ρ (E_q f − E_p f) where forgetting is
/// exponential, so that E_p f is estimated by the mean of (f̄ − ρ f₀) / (1 − ρ) with its standard error over the chains. Four functions of every unconstrained coordinate and every
/// reported value x are compared with what the guide's draws have: x and (x − mean)², which make the mean and the standard deviation, and F(x) − ½ and |F(x) − ½|, F the
/// distribution function of the guide's draws, which heavy tails cannot disturb. Shifts are in standard deviations and in logarithms of scale; those of the bounded functions are divided
/// by what a normal distribution has for a unit. The bounded functions decide where the standard error of the logarithm of the standard deviation is above 0.08, as it is without
/// a fourth moment; elsewhere they may differ by a third, which another shape with the same mean and standard deviation makes.
/// What lies beyond a barrier that no chain crosses is not seen: ``ModeScan`` looks for that.
package struct GuideProbe: Sendable, Codable {
  package var chains: Int
  package var iterations: Int
  /// Density evaluations.
  package var evaluations: Int
  /// Mean acceptance probability of whole steps.
  package var acceptance: Double
  /// The largest ρ.
  package var memory: Double
  /// The shift of location that lies farthest beyond its error, in sd, and that of scale, in logarithms, with their standard errors.
  package var location, locationError, scale, scaleError: Double
  /// The largest standard errors over all values.
  package var largestLocationError, largestScaleError: Double
  /// The largest that a shift may be, with two standard errors added.
  package var reach = 0.0
  /// Whether some value has too heavy a tail for its standard deviation to be known.
  package var isHeavy = false

  /// What a shift may be without being held against a guide.
  static let tolerance = 0.1
  /// What a shift with two standard errors may be at most for a guide to be right.
  private static let reachLimit = 0.25
  /// What chains may remember of their starts to speak of a guide.
  private static let memoryLimit = 0.6
  /// What those of the bounded functions may be besides where moments decide.
  private static let shapeTolerance = 0.33
  /// The standard error of a logarithm of scale above which moments decide nothing.
  private static let errorLimit = 0.08

  /// Whether the guide is wrong: some location or scale differs by more than the tolerance and two standard errors.
  package var accuses: Bool {
    max(excess.location, excess.scale) > Self.tolerance
  }
  /// Whether the guide is neither right nor wrong beyond doubt: some shift may be above a quarter. Few chains leave that open everywhere, and so do
  /// chains that stay where they began, as between two modes, of which they say nothing.
  package var suspects: Bool {
    !accuses && !vouches && chains == Self.chainCount && memory <= Self.memoryLimit && reach > Self.reachLimit
  }
  /// Whether the guide is right as far as the chains can tell, and they can tell: they forget where they began, and no error is large.
  package var vouches: Bool {
    !accuses && !isHeavy && reach <= Self.reachLimit && memory <= Self.memoryLimit && acceptance >= 0.4 && largestLocationError <= 0.05
      && largestScaleError <= Self.errorLimit
  }

  /// What the shifts of location and scale are besides two standard errors.
  package var excess: (location: Double, scale: Double) { (abs(location) - 2 * locationError, abs(scale) - 2 * scaleError) }

  static let chainCount = 512
  /// Where a number of steps was asked for, the chains cost no more than these.
  private static let briefChainCount = 64
  static let snapshots = 6
  /// The second number where the first leaves it open, and where weights speak against a guide that the first would vouch for: what lies far outside is reached slowly.
  static let iterationCounts = [24, 96]
  /// Reported values beyond so many are thinned.
  private static let watched = 1000

  /// - Parameters:
  ///   - draws: of the guide, as reported.
  ///   - isDoubted: whether weights speak against it, or it has none.
  ///   - isBrief: few chains in one stage, which see gross errors only.
  /// - Returns: nil where there is nothing to compare: too few draws, or coordinates that do not vary.
  package static func run(
    _ density: any LogDensity, _ draws: GuideDraws, seed: UInt64, threads: Int, isDoubted: Bool = false, isBrief: Bool = false,
    monitor: (@Sendable ([Double]) -> [Double])?
  ) throws -> GuideProbe? {
    guard draws.count >= 64, let coordinates = ProbeChains.Coordinates(draws) else { return nil }
    let n = draws.dimension
    let finite = (0..<draws.count).filter { draws.logP[$0].isFinite }
    guard finite.count >= 64 else { return nil }
    // Fewer draws than chains (particles) are used in turn.
    let count = isBrief ? briefChainCount : chainCount
    let stride = max(1, finite.count / count)
    let chosen = (0..<count).map { finite[$0 * stride % finite.count] }
    var evaluations = 0
    var probe: GuideProbe?
    for iterations in isBrief ? Array(iterationCounts.prefix(1)) : iterationCounts {
      let groups = Array(Swift.stride(from: 0, to: count, by: ProbeChains.groupSize))
      let traces = try Parallel.map(groups, threads: threads) { first in
        let starts = chosen[first..<(first + ProbeChains.groupSize)].flatMap { draws.draw($0) }
        return try ProbeChains.run(
          density, coordinates, starts: starts, first: first, iterations: iterations, snapshots: snapshots, seed: seed)
      }
      evaluations += traces.reduce(0) { $0 + $1.evaluations }
      let ends = (0..<snapshots).map { s in traces.flatMap { $0.snapshots[s] } }
      let acceptance = traces.reduce(0) { $0 + $1.acceptance } / Double(traces.count)
      var found = GuideProbe(
        chains: count, iterations: iterations, evaluations: evaluations, acceptance: acceptance, memory: 0, location: 0,
        locationError: 0, scale: 0, scaleError: 0, largestLocationError: 0, largestScaleError: 0)
      let reader = ProbeColumns(n, monitor, limit: watched)
      let own = reader.columns(draws.positions)
      let late = ends.map { reader.columns($0) }
      for j in own.indices { found.compare(own[j], starts: chosen, late.map { $0[j] }) }
      probe = found
      if found.accuses || (found.vouches && !isDoubted) { break }
    }
    return probe
  }

  /// Works one value in: `own` over all draws, `late` [snapshot][chain].
  private mutating func compare(_ own: [Double], starts: [Int], _ late: [[Double]]) {
    let count = Double(own.count)
    let mean = own.reduce(0, +) / count
    let variance = own.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / count
    guard variance.isFinite, variance.squareRoot() > 1e-14 * abs(mean), late.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return }
    let (sorted, ownRanks) = Self.ranked(own)
    let first = ProbeEstimate(own, starts, late) { $0 - mean }
    let second = ProbeEstimate(own, starts, late) { ($0 - mean) * ($0 - mean) }
    let lateRanks = late.map { $0.map { Self.rank($0, in: sorted) } }
    let rank = ProbeEstimate(ownRanks, starts, lateRanks) { $0 - 0.5 }
    let distance = ProbeEstimate(ownRanks, starts, lateRanks) { abs($0 - 0.5) }
    let spread = max(second.value - first.value * first.value, 1e-3 * variance)
    memory = max(memory, first.memory, second.memory, rank.memory, distance.memory)
    // ∫ φ² = 1/(2√π) and E |Z| φ(Z) = 1/(2π).
    let unit = (0.5 / Double.pi.squareRoot(), 0.5 / Double.pi)
    // var = E (x − m)² − (E x − m)²: the error of the second term counts where much is remembered.
    let squared = 2 * abs(first.value) * first.error + first.error * first.error
    let scaleError = 0.5 * (second.error * second.error + squared * squared).squareRoot() / spread
    if second.error <= 2 * Self.errorLimit * spread {
      note(location: first.shift / spread.squareRoot(), first.error / spread.squareRoot())
      note(scale: 0.5 * log(spread / variance), scaleError)
      note(location: Self.beyondShape(rank.shift / unit.0), rank.error / unit.0)
      note(scale: Self.beyondShape(distance.shift / unit.1), distance.error / unit.1)
    } else {
      isHeavy = true
      note(location: rank.shift / unit.0, rank.error / unit.0)
      note(scale: distance.shift / unit.1, distance.error / unit.1)
    }
  }

  private static func beyondShape(_ shift: Double) -> Double {
    max(abs(shift) - shapeTolerance, 0) * (shift < 0 ? -1 : 1)
  }

  private mutating func note(location value: Double, _ error: Double) {
    largestLocationError = max(largestLocationError, error)
    reach = max(reach, abs(value) + 2 * error)
    if abs(value) - 2 * error > excess.location || (location == 0 && locationError == 0) {
      (location, locationError) = (value, error)
    }
  }

  private mutating func note(scale value: Double, _ error: Double) {
    largestScaleError = max(largestScaleError, error)
    reach = max(reach, abs(value) + 2 * error)
    if abs(value) - 2 * error > excess.scale || (scale == 0 && scaleError == 0) { (scale, scaleError) = (value, error) }
  }

  /// The share of sorted values below x, equal ones counted half.
  static func rank(_ x: Double, in sorted: [Double]) -> Double {
    func place(_ isBefore: (Double) -> Bool) -> Int {
      var (low, high) = (0, sorted.count)
      while low < high {
        let middle = (low + high) / 2
        if isBefore(sorted[middle]) { low = middle + 1 } else { high = middle }
      }
      return low
    }
    return 0.5 * Double(place { $0 < x } + place { $0 <= x }) / Double(sorted.count)
  }

  /// Finite values in ascending order, and the rank of each among them as ``rank(_:in:)`` has it.
  static func ranked(_ values: [Double]) -> (sorted: [Double], ranks: [Double]) {
    let order = DrawOrder.ascending(values)
    let sorted = order.map { values[Int($0)] }
    var ranks = [Double](repeating: 0, count: values.count)
    var first = 0
    while first < sorted.count {
      var end = first + 1
      while end < sorted.count, sorted[end] == sorted[first] { end += 1 }
      for place in order[first..<end] { ranks[Int(place)] = 0.5 * Double(first + end) / Double(values.count) }
      first = end
    }
    return (sorted, ranks)
  }
}

/// The estimate of E_p f from chains that began at draws of q.
private struct ProbeEstimate {
  /// Slope of the chains' means on their starts, within [0, 0.95].
  var memory: Double
  /// Of E_p f.
  var value: Double
  /// value − E_q f.
  var shift: Double
  /// Of the shift: over the chains, and that of the guide's own mean; half as much again where more than 0.6 is remembered, since ρ has an error too.
  var error: Double

  init(_ own: [Double], _ starts: [Int], _ late: [[Double]], _ f: (Double) -> Double) {
    let values = own.map(f)
    let count = Double(starts.count)
    var average = [Double](repeating: 0, count: starts.count)
    for snapshot in late {
      for k in starts.indices { average[k] += f(snapshot[k]) / Double(late.count) }
    }
    let begin = starts.map { values[$0] }
    func moments(_ x: [Double]) -> (mean: Double, variance: Double) {
      let mean = x.reduce(0, +) / Double(x.count)
      return (mean, x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(Double(x.count) - 1, 1))
    }
    let (a, b) = (moments(begin), moments(average))
    var product = 0.0
    for k in starts.indices { product += (begin[k] - a.mean) * (average[k] - b.mean) }
    memory = a.variance > 0 ? min(max(product / (count - 1) / a.variance, 0), 0.95) : 0
    let rho = memory
    let single = moments(zip(average, begin).map { ($0 - rho * $1) / (1 - rho) })
    let whole = moments(values)
    value = single.mean
    shift = single.mean - whole.mean
    error = (single.variance / count + whole.variance / Double(own.count)).squareRoot() * (rho > 0.6 ? 1.5 : 1)
  }
}

/// Unconstrained coordinates and reported values of draws.
private struct ProbeColumns {
  let dimension: Int
  let monitor: (@Sendable ([Double]) -> [Double])?
  let limit: Int

  init(_ dimension: Int, _ monitor: (@Sendable ([Double]) -> [Double])?, limit: Int) {
    (self.dimension, self.monitor, self.limit) = (dimension, monitor, limit)
  }

  /// [value][draw].
  func columns(_ positions: [Double]) -> [[Double]] {
    let count = positions.count / dimension
    let draws = GuideDraws(dimension: dimension, count: count, positions: positions, logP: [], logQ: [])
    let reported = StartFit.columns(draws, monitor)
    let every = max(1, reported.count / limit)
    return (0..<dimension).map { i in (0..<count).map { positions[$0 * dimension + i] } }
      + Swift.stride(from: 0, to: reported.count, by: every).map { reported[$0] }
  }
}
