import Differentiation
import Distributions
import Foundation
import Modeling

/// Small models drawn at random: discrete sites in and outside of plates and sequences, which depend on each other and on a vector.
struct RandomGraph: Model {
  let seed: UInt64

  func body(_ p: Program) throws {
    var choice = Choice(seed)
    let theta = p.sample("theta", Normal(0, sd: 1).repeated(4))
    var outer: [Tensor] = []
    for k in 0..<choice.below(3) { outer += draw(p, "a\(k)", &choice, theta, outer) }
    p.factor("fa", value(&choice, theta, outer))
    if choice.coin { plates(p, choice.next, theta, outer) }
    if choice.coin {
      let own = choice.next
      if choice.coin {
        p.plate("R", 2) { j in sequence(p, own, theta, outer, shift: Tensor([0.3, -0.4])[j]) }
      } else {
        sequence(p, own, theta, outer, shift: 0.1)
      }
    }
  }

  private func plates(_ p: Program, _ seed: UInt64, _ theta: Tensor, _ outer: [Tensor]) {
    var choice = Choice(seed)
    let weights = Tensor([0.5, -1.2])
    p.plate("P", 2) { i in
      var inside = outer + [weights[i]]
      for k in 0..<choice.below(3) { inside += draw(p, "b\(k)", &choice, theta, inside) }
      p.factor("fb", value(&choice, theta, inside))
      guard choice.coin else { return }
      p.plate("Q", 2) { j in
        var innermost = inside
        if choice.coin { innermost += draw(p, "c", &choice, theta, inside) }
        p.observe("y", Normal(value(&choice, theta, innermost), sd: 1), Tensor([[0.3, 1], [-0.5, 0.2]])[i][j])
      }
      // The plate once more, after another one inside it was closed.
      p.factor("fd", value(&choice, theta, Array(inside.prefix(2))))
    }
  }

  private func sequence(_ p: Program, _ seed: UInt64, _ theta: Tensor, _ outer: [Tensor], shift: Tensor) {
    var choice = Choice(seed)
    let length = 1 + choice.below(6)
    let y = Tensor((0..<length).map { cos(1.3 * Double($0)) })
    let start = choice.coin ? draw(p, "s", &choice, theta, outer)[0] : 1
    let isSecondOrder = choice.coin
    let counts = choice.coin
    let accumulates = choice.coin
    let inside = choice.next
    var carries = [start]
    if isSecondOrder { carries.append(0) }
    if counts { carries.append(0) }
    if accumulates { carries.append(theta[1]) }
    let outcome = p.each("t", over: [y], from: carries) { carries, parts in
      var choice = Choice(inside)
      let parents = outer + carries + [shift, parts[0]]
      let z = draw(p, "z", &choice, theta, parents)
      var all = parents + z
      if choice.coin { all += draw(p, "w", &choice, theta, all) }
      p.factor("fz", value(&choice, theta, all))
      var next = [z[0]]
      if isSecondOrder { next.append(carries[0]) }
      if counts { next.append(minimum(carries[isSecondOrder ? 2 : 1] + z[0], 2)) }
      if accumulates { next.append(0.5 * carries.last! + parts[0] * theta[2]) }
      return (next, [])
    }
    if choice.coin { p.factor("fe", value(&choice, theta, outer + outcome.carries)) }
  }

  /// A number that depends on the parents and on the vector.
  private func value(_ choice: inout Choice, _ theta: Tensor, _ parents: [Tensor]) -> Tensor {
    parents.reduce(choice.number * theta[choice.below(4)]) { sum, parent in
      let (a, b) = (choice.number, choice.number)
      return sum + a * cos(parent + b) * theta[choice.below(4)] + (choice.coin ? a * parent * sum : Tensor(b))
    }
  }

  /// A discrete site of some distribution: its elements as numbers.
  private func draw(_ p: Program, _ name: String, _ choice: inout Choice, _ theta: Tensor, _ parents: [Tensor]) -> [Tensor] {
    let x = value(&choice, theta, parents)
    switch choice.below(6) {
    case 0: return [p.sample(name, Bernoulli(logits: x)).tensor]
    case 1: return [p.sample(name, Bernoulli(probability: logistic(x))).tensor]
    case 2: return [p.sample(name, Categorical(logits: stack([0, x, -0.5 * x]))).tensor]
    case 3: return [p.sample(name, Binomial(2, logits: x)).tensor]
    case 4: return [p.sample(name, Categorical(probabilities: stack([logistic(x), logistic(-x)]))).tensor]
    default:
      let both = p.sample(name, Bernoulli(logits: stack([x, 0.3 - x])))
      return [both[0].tensor, both[1].tensor]
    }
  }
}

/// Choices that are the same each time a body runs.
struct Choice {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  var next: UInt64 {
    mutating get {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = state
      z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
      return z ^ (z >> 31)
    }
  }
  var coin: Bool { mutating get { next % 2 == 0 } }
  mutating func below(_ n: Int) -> Int { Int(next % UInt64(n)) }
  /// In (−1, 1).
  var number: Double { mutating get { Double(next >> 11) / Double(1 << 52) - 1 } }
}

/// All values of all discrete sites of a model, one after the other.
struct BruteForce<M: Model> {
  /// log Σ exp of the joint density over all configurations.
  let value: Double
  /// P(z = k | …) by site, elements row-major, values last.
  let probabilities: [String: [Double]]
  /// The probability of each configuration: the values of all elements of all sites in order of appearance.
  let joint: [[Double]: Double]

  static func configurations(_ compiled: CompiledModel<M>) -> Int? {
    var count = 1
    for site in compiled.recorded.sites where site.isSummedOut {
      for _ in 0..<site.outsideShape.reduce(1, *) {
        count *= values(compiled, site.name).count
        if count > 1 << 20 { return nil }
      }
    }
    return count
  }

  private static func values(_ compiled: CompiledModel<M>, _ site: String) -> [Double] {
    compiled.recorded.summation!.sites.first { $0.name == site }!.values
  }

  init(_ model: M, _ compiled: CompiledModel<M>, at u: [Double]) throws {
    let sites = compiled.recorded.sites.filter(\.isSummedOut)
    let values = sites.map { BruteForce.values(compiled, $0.name) }
    let counts = sites.map { $0.outsideShape.reduce(1, *) }
    var densities: [Double] = []
    var assignments: [[Double]] = []
    for configuration in 0..<BruteForce.configurations(compiled)! {
      var rest = configuration
      var given: [String: any TensorConvertible] = [:]
      var all: [Double] = []
      for (index, site) in sites.enumerated() {
        let own = (0..<counts[index]).map { _ -> Double in
          defer { rest /= values[index].count }
          return values[index][rest % values[index].count]
        }
        given[site.name] = Tensor(own, shape: site.outsideShape)
        all += own
      }
      densities.append(try DensityProbe(condition(model, given)).value(u))
      assignments.append(all)
    }
    let largest = densities.max()!
    let weights = densities.map { exp($0 - largest) }
    let total = weights.reduce(0, +)
    value = largest + log(total)
    joint = Dictionary(zip(assignments, weights.map { $0 / total })) { a, _ in a }
    var offset = 0
    var found: [String: [Double]] = [:]
    for (index, site) in sites.enumerated() {
      found[site.name] = (0..<counts[index]).flatMap { element in
        values[index].map { value -> Double in
          zip(assignments, weights).reduce(0) { $0 + ($1.0[offset + element] == value ? $1.1 : 0) } / total
        }
      }
      offset += counts[index]
    }
    probabilities = found
  }
}
