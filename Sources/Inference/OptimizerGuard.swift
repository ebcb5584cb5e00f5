import Foundation

/// What keeps stochastic ascent on a network's parameters alive at a rate that nobody chose.
///
/// * The rate rises linearly over the first hundred steps, since Adam's first steps have full length whatever the gradient.
/// * A gradient ten times longer than usual (by a running mean of norms) is shortened to that.
/// * Every 64 steps the mean value is compared with the best such mean: where none is finite, or it lies below the best by more than half of all
///   that was gained and twenty of its standard errors, the ascent has collapsed. It goes on from the best place, with 0.3 of the rate and a fresh optimizer.
final class AscentGuard {
  private static let warmup = 100
  private static let clip = 10.0

  private let count: Int
  /// The parameters at the end of the window with the best mean.
  private let best: Storage
  private var bestMean = -Double.infinity
  private var firstMean: Double?
  private var typicalNorm = 0.0
  /// What the rate is multiplied by after collapses.
  private(set) var factor = 1.0
  private(set) var collapses = 0

  init(count: Int) {
    self.count = count
    best = Storage(count)
  }

  struct Memory: Codable {
    var best: PackedNumbers
    var bestMean: Double
    var firstMean: Double?
    var typicalNorm: Double
    var factor: Double
    var collapses: Int
  }

  func isSound(_ memory: Memory) -> Bool { memory.best.count == count && memory.collapses.isCount }

  /// Everything the guard has seen.
  var memory: Memory {
    get {
      Memory(
        best: PackedNumbers(best.array), bestMean: bestMean, firstMean: firstMean, typicalNorm: typicalNorm, factor: factor,
        collapses: collapses)
    }
    set {
      best.fill(newValue.best.values)
      (bestMean, firstMean, typicalNorm) = (newValue.bestMean, newValue.firstMean, newValue.typicalNorm)
      (factor, collapses) = (newValue.factor, newValue.collapses)
    }
  }

  /// Whether there is a best place yet.
  private var hasBest: Bool { bestMean > -.infinity }
  private var bestParameters: [Double] { best.array }

  /// The share of the rate at a step, from 0.
  func share(step: Int) -> Double { factor * min(1, Double(step + 1) / Double(Self.warmup)) }

  /// Shortens a gradient that is too long.
  func shorten(_ gradient: UnsafeMutablePointer<Double>) {
    var square = 0.0
    for i in 0..<count where gradient[i].isFinite { square += gradient[i] * gradient[i] }
    let norm = square.squareRoot()
    guard norm > 0, norm.isFinite else { return }
    let bound = Self.clip * typicalNorm
    if typicalNorm > 0, norm > bound {
      for i in 0..<count { gradient[i] *= bound / norm }
    }
    typicalNorm = typicalNorm > 0 ? 0.99 * typicalNorm + 0.01 * min(norm, bound) : norm
  }

  /// Of some places and the best one the one with the best mean value over a few steps' noise, the same for all.
  func better(_ places: [[Double]], of objective: any StochasticObjective, step: Int) -> [Double] {
    let all = places + (hasBest ? [bestParameters] : [])
    let trials = min(32, max(4, step / 50))
    let gradient = Storage(count)
    var best = (value: -Double.infinity, place: places[0])
    for place in all where place.allSatisfy(\.isFinite) {
      let storage = Storage(place)
      var total = 0.0
      for trial in 0..<trials {
        var value = 0.0
        objective.evaluate(parameters: storage.base, step: step + trial, value: &value, gradient: gradient.base)
        total += value.isNaN ? -.infinity : value
      }
      if total > best.value { best = (total, place) }
    }
    return best.place
  }

  /// Looks at the finite values since the last look; true where the parameters were put back to the best place.
  func collapses(_ values: [Double], _ parameters: UnsafeMutablePointer<Double>) -> Bool {
    let size = Double(values.count)
    let mean = values.isEmpty ? -Double.infinity : values.reduce(0, +) / size
    let spread = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / max(size - 1, 1)
    let error = (spread / max(size, 1)).squareRoot()
    if mean.isFinite, firstMean == nil { firstMean = mean }
    if mean > bestMean {
      bestMean = mean
      for i in 0..<count { best.base[i] = parameters[i] }
      return false
    }
    guard hasBest, let firstMean else { return false }
    // A window that collapses is wild, and its error as large as its fall: half of the best value is the most that it may excuse.
    let allowance = 0.5 * (bestMean - firstMean) + min(20 * error, 0.5 * abs(bestMean)) + 1
    guard !(mean >= bestMean - allowance) else { return false }
    for i in 0..<count { parameters[i] = best.base[i] }
    factor *= 0.3
    collapses += 1
    return true
  }
}
