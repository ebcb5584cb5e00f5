import Foundation

/// A record of arithmetic: for every number the numbers it was made of, and its derivative by each.
final class Tape {
  private var sources: [[(place: Int, slope: Double)]] = []

  func record(_ value: Double, madeOf sources: [(place: Int, slope: Double)] = []) -> Traced {
    self.sources.append(sources)
    return Traced(value, place: self.sources.count - 1, on: self)
  }

  /// The derivatives of one number by every number before it, found from the last to the first.
  func derivatives(of result: Traced) -> [Double] {
    var adjoints = [Double](repeating: 0, count: sources.count)
    guard let place = result.place else { return adjoints }
    adjoints[place] = 1
    for k in stride(from: place, through: 0, by: -1) where adjoints[k] != 0 {
      for source in sources[k] { adjoints[source.place] += source.slope * adjoints[k] }
    }
    return adjoints
  }
}

/// A number with its place on a tape, or a constant, which has none.
struct Traced: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
  let value: Double
  let place: Int?
  let tape: Tape?

  init(_ value: Double, place: Int? = nil, on tape: Tape? = nil) {
    (self.value, self.place, self.tape) = (value, place, tape)
  }
  init(floatLiteral value: Double) { self.init(value) }
  init(integerLiteral value: Int) { self.init(Double(value)) }

  /// A value made of others, with the derivative by each.
  static func made(_ value: Double, _ parts: (Traced, slope: Double)...) -> Traced {
    guard let tape = parts.compactMap(\.0.tape).first else { return Traced(value) }
    return tape.record(value, madeOf: parts.compactMap { part, slope in part.place.map { ($0, slope) } })
  }
}

func + (a: Traced, b: Traced) -> Traced { .made(a.value + b.value, (a, 1), (b, 1)) }
func - (a: Traced, b: Traced) -> Traced { .made(a.value - b.value, (a, 1), (b, -1)) }
func * (a: Traced, b: Traced) -> Traced { .made(a.value * b.value, (a, b.value), (b, a.value)) }
func / (a: Traced, b: Traced) -> Traced {
  .made(a.value / b.value, (a, 1 / b.value), (b, -a.value / (b.value * b.value)))
}
func exp(_ a: Traced) -> Traced { .made(exp(a.value), (a, exp(a.value))) }
func log(_ a: Traced) -> Traced { .made(log(a.value), (a, 1 / a.value)) }

/// A distribution: its log density with all constants, and whether it has the positive numbers only.
struct Law {
  let isPositive: Bool
  let logDensity: (Traced) -> Traced
}

/// exp(−½ z²) / (sd √2π) with z = (x − mean) / sd.
func normal(_ mean: Traced, sd: Traced) -> Law {
  Law(isPositive: false) { x in
    let z = (x - mean) / sd
    return -0.5 * z * z - log(sd) - Traced(0.5 * log(2 * Double.pi))
  }
}

/// 2 / (π scale (1 + z²)) with z = x / scale, for x > 0.
func halfCauchy(scale: Traced) -> Law {
  Law(isPositive: true) { x in
    let z = x / scale
    return Traced(log(2 / Double.pi)) - log(scale) - log(1 + z * z)
  }
}

/// What the body of a model talks to: it hands out the unknowns and adds up the log joint density.
final class Joint {
  let tape = Tape()
  private let point: [Double]
  private(set) var unknowns: [(name: String, coordinate: Traced, value: Traced)] = []
  private(set) var logDensity: Traced = 0

  init(at point: [Double]) { self.point = point }

  /// An unknown. A positive one is exp(u) of its coordinate u, and u is the logarithm of dx/du.
  func sample(_ name: String, _ law: Law) -> Traced {
    let u = tape.record(unknowns.count < point.count ? point[unknowns.count] : 0)
    let x = law.isPositive ? exp(u) : u
    logDensity = logDensity + law.logDensity(x) + (law.isPositive ? u : 0)
    unknowns.append((name, u, x))
    return x
  }

  func observe(_ value: Double, _ law: Law) { logDensity = logDensity + law.logDensity(Traced(value)) }
}

/// A body, with the names of its unknowns.
struct SmallModel {
  let body: (Joint) -> Void
  let names: [String]

  init(_ body: @escaping (Joint) -> Void) {
    let first = Joint(at: [])
    body(first)
    (self.body, names) = (body, first.unknowns.map(\.name))
  }

  /// log p at a point of the coordinates, its gradient, and the values of the unknowns there.
  func evaluate(_ point: [Double]) -> (logDensity: Double, gradient: [Double], values: [Double]) {
    let joint = Joint(at: point)
    body(joint)
    let slopes = joint.tape.derivatives(of: joint.logDensity)
    return (joint.logDensity.value, joint.unknowns.map { slopes[$0.coordinate.place!] }, joint.unknowns.map(\.value.value))
  }
}

/// Random numbers from one seed: a counter through a mixing function (SplitMix64).
struct Noise: RandomNumberGenerator {
  var state: UInt64

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }

  /// Uniform in (0, 1].
  mutating func uniform() -> Double { (Double(next() >> 11) + 1) * 0x1p-53 }

  /// Standard normal numbers, by the transformation of Box and Muller.
  mutating func normals(_ count: Int) -> [Double] {
    (0..<count).map { _ in (-2 * log(uniform())).squareRoot() * cos(2 * Double.pi * uniform()) }
  }
}

/// Independent normals in the coordinates, those with the largest ELBO: Adam on gradients of a few draws, in steps measured in the
/// guide's own sds, and the mean of the last half of the way.
func meanField(_ model: SmallModel, steps: Int, draws: Int = 10, seed: UInt64) -> (location: [Double], scale: [Double]) {
  let n = model.names.count
  var noise = Noise(state: seed)
  var parameters = [Double](repeating: 0, count: n) + [Double](repeating: -1, count: n)
  var (first, second) = ([Double](repeating: 0, count: 2 * n), [Double](repeating: 0, count: 2 * n))
  var average = first
  for step in 1...steps {
    let scale = parameters[n...].map { exp($0) }
    // The ELBO is E log p(location + scale z) + Σ log scale + constant.
    var gradient = [Double](repeating: 0, count: n) + [Double](repeating: 1, count: n)
    for _ in 0..<draws {
      let z = noise.normals(n)
      let slopes = model.evaluate((0..<n).map { parameters[$0] + scale[$0] * z[$0] }).gradient
      for k in 0..<n {
        gradient[k] += slopes[k] / Double(draws)
        gradient[n + k] += slopes[k] * scale[k] * z[k] / Double(draws)
      }
    }
    for k in gradient.indices {
      first[k] = 0.9 * first[k] + 0.1 * gradient[k]
      second[k] = 0.999 * second[k] + 0.001 * gradient[k] * gradient[k]
      let (m, v) = (first[k] / (1 - pow(0.9, Double(step))), second[k] / (1 - pow(0.999, Double(step))))
      parameters[k] += 0.3 / Double(step).squareRoot() * (k < n ? scale[k] : 1) * m / (v.squareRoot() + 1e-8)
      if 2 * step > steps { average[k] += parameters[k] / Double(steps - steps / 2) }
    }
  }
  return (Array(average[..<n]), average[n...].map { exp($0) })
}

/// Hamiltonian Monte Carlo: values of the unknowns, a row for each draw.
func hamiltonian(_ model: SmallModel, warmup: Int, draws: Int, leapfrogs: Int = 20, seed: UInt64) -> [[Double]] {
  let n = model.names.count
  var noise = Noise(state: seed)
  var position = noise.normals(n)
  var here = model.evaluate(position)
  var logStep = log(0.1)
  var kept: [[Double]] = []
  for iteration in 1...(warmup + draws) {
    let step = exp(logStep)
    var (x, p, there) = (position, noise.normals(n), here)
    let before = here.logDensity - 0.5 * p.reduce(0) { $0 + $1 * $1 }
    for _ in 0..<(1 + Int(noise.next() % UInt64(leapfrogs))) {
      for k in 0..<n { p[k] += 0.5 * step * there.gradient[k] }
      for k in 0..<n { x[k] += step * p[k] }
      there = model.evaluate(x)
      for k in 0..<n { p[k] += 0.5 * step * there.gradient[k] }
    }
    let after = there.logDensity - 0.5 * p.reduce(0) { $0 + $1 * $1 }
    let acceptance = after.isFinite ? min(1, exp(after - before)) : 0
    if noise.uniform() <= acceptance { (position, here) = (x, there) }
    // Warm-up aims at accepting 80 % of the proposals, in ever smaller steps.
    if iteration <= warmup { logStep += (acceptance - 0.8) / Double(iteration).squareRoot() }
    if iteration > warmup { kept.append(here.values) }
  }
  return kept
}
