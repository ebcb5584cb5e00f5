import Differentiation
import Distributions
import Foundation
import Kernels
import Modeling

/// What a family records: a draw with its density, and the density of any point where it is known.
struct RecordedGuide {
  /// u [n], a function of draws and parameters.
  var point: Tensor
  /// log q(u) [].
  var logDensity: Tensor
  /// log of the probability with which the draw's component was selected; nil without components.
  var selection: Tensor?
  /// u ↦ log q(u); nil for a flow without an inverse.
  var density: ((Tensor) -> Tensor)?
}

/// A guide q(u; φ) over ℝⁿ as graphs: draws u = T(ε; φ) with log q, and derivatives with respect to φ.
///
/// The log joint is not part of these graphs: it enters as the cotangents of u, so that any ``LogDensity`` can be fitted (bodies that are re-executed,
/// and densities written by hand, too), and every objective is a choice of weights between the draw and the pull back; the price is that
/// the draw is computed twice.
package final class GraphGuide: Sendable {
  package let family: FlatGuideFamily
  package let dimension: Int
  /// Components of a mixture; 1 otherwise.
  package let components: Int
  package let parameterCount: Int
  package let initial: [Double]
  /// Whether log q is known at any point.
  package let knowsDensity: Bool
  let anchor: GuideAnchor
  let blocks: [(offset: Int, count: Int)]
  /// Inputs: parameters, the selected component [components]. Outputs: u, log q, log selection.
  let drawing: Plan
  /// Inputs: parameters, selection, cotangents of u [n], of log q [], of log selection []. Outputs: the gradient by parameter.
  let pulling: Plan
  /// Inputs: parameters, u [n]. Outputs: log q, ∇ᵤ log q. Nil without a known density.
  let scoring: Plan?

  /// Particles to a plan.
  static let lanes = 8

  /// - Parameters:
  ///   - dependence: the model's own, for the structured family.
  ///   - centres: where the components of a mixture begin, as Gaussians.
  package init(
    _ family: FlatGuideFamily, anchor: GuideAnchor, dependence: [SiteDependence] = [], centres: [GuideAnchor] = [], seed: UInt64
  ) throws {
    self.family = family
    self.anchor = anchor
    let n = anchor.dimension
    dimension = n
    let recorder = ParameterRecorder()
    let draws = DrawSource()
    let count: Int = if case .mixture(let k) = family { k } else { 1 }
    components = count
    let selector = Node.input("component", shape: [count])
    let recorded = GraphFamilies.record(
      family, recorder, draws, anchor: anchor, dependence: dependence, centres: centres, selector: Tensor(selector), seed: seed)
    guard recorder.problems.isEmpty else { throw ModelError(recorder.problems) }
    let entries = recorder.entries
    var offset = 0
    blocks = entries.map { entry in
      defer { offset += entry.initial.count }
      return (offset, entry.initial.count)
    }
    parameterCount = offset
    initial = entries.flatMap(\.initial)
    let inputs = entries.map(\.input)
    let shared = inputs.map { _ in false }
    let selection = recorded.selection ?? Tensor(0)
    drawing = try Plan(
      outputs: [recorded.point.node, recorded.logDensity.node, selection.node], inputs: inputs + [selector], lanes: Self.lanes,
      laned: shared + [true])
    let cotangents = [Node.input("point", shape: [n]), .input("density", shape: []), .input("selection", shape: [])]
    let gradients = Derivatives.pullback(
      of: [recorded.point.node, recorded.logDensity.node, selection.node], cotangents: cotangents, to: inputs)
    pulling = try Plan(
      outputs: zip(gradients, inputs).map { $0 ?? .fill(0, shape: $1.shape) }, inputs: inputs + [selector] + cotangents,
      lanes: Self.lanes, laned: shared + [true, true, true, true])
    knowsDensity = recorded.density != nil
    let place = Node.input("point", shape: [n])
    scoring = try recorded.density.map { density in
      let value = density(Tensor(place)).node
      let slope = Derivatives.pullback(of: [value], cotangents: [.fill(1)], to: [place])[0] ?? .fill(0, shape: [n])
      return try Plan(outputs: [value, slope], inputs: inputs + [place], lanes: Self.lanes, laned: shared + [true])
    }
  }
}

/// The workspaces of a ``GraphGuide``, for one thread: eight particles at a time.
final class GraphGuideEvaluator {
  let guide: GraphGuide
  private let drawing, pulling: Executor
  private let scoring: Executor?
  private let selection: Storage
  private let staging: Storage

  init(_ guide: GraphGuide) throws {
    self.guide = guide
    drawing = try Executor(guide.drawing)
    pulling = try Executor(guide.pulling)
    scoring = try guide.scoring.map { try Executor($0) }
    selection = Storage(8 * guide.components)
    staging = Storage(8 * max(1, guide.blocks.map(\.count).max() ?? 1))
    select([Int](repeating: 0, count: 8))
  }

  func load(_ parameters: UnsafePointer<Double>) {
    for (index, block) in guide.blocks.enumerated() where block.count > 0 {
      drawing.setInput(index, parameters + block.offset)
      pulling.setInput(index, parameters + block.offset)
      scoring?.setInput(index, parameters + block.offset)
    }
  }

  /// Chooses the component of each lane.
  func select(_ components: [Int]) {
    for k in 0..<guide.components {
      for lane in 0..<8 { selection.base[8 * k + lane] = components[lane] == k ? 1 : 0 }
    }
    drawing.setInput(guide.blocks.count, selection.base)
    pulling.setInput(guide.blocks.count, selection.base)
  }

  /// u [n][8], log q and log selection of eight particles.
  func draw(_ random: RandomContext, points: UnsafeMutablePointer<Double>) -> (logQ: Vector8, selection: Vector8) {
    drawing.random = random
    drawing.run()
    drawing.copyOutput(0, lanes: 8, to: points)
    drawing.copyOutput(1, lanes: 8, to: staging.base)
    let logQ = UnsafeRawPointer(staging.base).loadUnaligned(as: Vector8.self)
    drawing.copyOutput(2, lanes: 8, to: staging.base)
    return (logQ, UnsafeRawPointer(staging.base).loadUnaligned(as: Vector8.self))
  }

  /// log q at points [n][8], and ∇ log q there [n][8]; nil where the family does not know it.
  func score(_ points: UnsafePointer<Double>, into slopes: UnsafeMutablePointer<Double>) -> Vector8? {
    guard let scoring else { return nil }
    scoring.setInput(guide.blocks.count, points)
    scoring.run()
    scoring.copyOutput(1, lanes: 8, to: slopes)
    scoring.copyOutput(0, lanes: 8, to: staging.base)
    return UnsafeRawPointer(staging.base).loadUnaligned(as: Vector8.self)
  }

  /// log q(u) at one point; nil where the family does not know it.
  func logDensity(_ u: [Double]) -> Double? {
    let points = Storage(8 * u.count)
    let slopes = Storage(8 * u.count)
    for (i, x) in u.enumerated() {
      for lane in 0..<8 { points.base[8 * i + lane] = x }
    }
    return score(points.base, into: slopes.base)?[0]
  }

  /// gradient += Σ over lanes of the pull back of cotangents through the draw that `random` makes.
  func pull(
    _ random: RandomContext, point: UnsafePointer<Double>, logQ: Vector8, selection: Vector8, into gradient: UnsafeMutablePointer<Double>
  ) {
    pulling.random = random
    let first = guide.blocks.count + 1
    var numbers = (logQ, selection)
    pulling.setInput(first, point)
    withUnsafeBytes(of: &numbers.0) { pulling.setInput(first + 1, $0.baseAddress!.assumingMemoryBound(to: Double.self)) }
    withUnsafeBytes(of: &numbers.1) { pulling.setInput(first + 2, $0.baseAddress!.assumingMemoryBound(to: Double.self)) }
    pulling.run()
    for (index, block) in guide.blocks.enumerated() where block.count > 0 {
      pulling.copyOutput(index, lanes: 8, to: staging.base)
      for k in 0..<block.count {
        gradient[block.offset + k] += laneSum(UnsafeRawPointer(staging.base + 8 * k).loadUnaligned(as: Vector8.self))
      }
    }
  }
}

extension GraphGuide {
  /// `count` independent draws with log p and log q, addressed by (seed, draw).
  package func draws(_ count: Int, parameters: [Double], of density: any LogDensity, seed: UInt64) throws -> GuideDraws {
    try draws(count, parameters: parameters, block: DensityBlock(density), seed: seed, purpose: VariationalPurpose.draws)
  }

  func draws(_ count: Int, parameters: [Double], block: DensityBlock, seed: UInt64, purpose: UInt32) throws -> GuideDraws {
    let evaluator = try GraphGuideEvaluator(self)
    evaluator.load(parameters)
    var result = GuideDraws(
      dimension: dimension, count: count, positions: [Double](repeating: 0, count: dimension * count),
      logP: [Double](repeating: 0, count: count), logQ: [Double](repeating: 0, count: count))
    let logits = componentLogits(parameters)
    for first in stride(from: 0, to: count, by: 8) {
      let active = min(8, count - first)
      if components > 1 {
        var stream = RandomStream(at: RandomAddress(seed: seed, purpose: purpose ^ 0x0100_0000, step: UInt64(first / 8)))
        evaluator.select((0..<8).map { _ in Self.category(logits, stream.nextUniform()) })
      }
      let context = RandomContext(seed: seed, purpose: purpose, step: UInt64(first / 8))
      let (logQ, _) = evaluator.draw(context, points: block.positions.doubles)
      block.evaluate(active: active)
      for lane in 0..<active {
        result.logP[first + lane] = block.values[lane]
        result.logQ[first + lane] = logQ[lane]
        for i in 0..<dimension { result.positions[(first + lane) * dimension + i] = block.positions.base[i][lane] }
      }
    }
    return result
  }

  /// The free log weights of a mixture, its first parameter; one zero otherwise.
  private func componentLogits(_ parameters: [Double]) -> [Double] {
    components > 1 ? Array(parameters[0..<components]) : [0]
  }

  private static func category(_ logits: [Double], _ u: Double) -> Int {
    let largest = logits.max() ?? 0
    let weights = logits.map { exp($0 - largest) }
    var rest = u * weights.reduce(0, +)
    for (k, w) in weights.enumerated() {
      rest -= w
      if rest < 0 { return k }
    }
    return weights.count - 1
  }
}
