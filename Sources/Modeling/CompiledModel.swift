import Differentiation
import Distributions
import Synchronization

/// Where the values of one site stand in a flat unconstrained vector.
package struct FlatBlock: Sendable {
  package let name: String
  package let offset: Int
  package let count: Int
  /// [plates…, unconstrained axes of a value…].
  package let shape: [Int]
  let order: [Int]?
}

/// A model ready for inference: its log density over flat unconstrained vectors with gradient, and the way back from there to its variables.
///
/// The flat vector holds the sites in order of appearance, each row-major with the axes of its plates leading. Two equal models compile to
/// densities with equal bits.
package final class CompiledModel<M: Model>: LogDensity {
  package let model: M
  /// What the body recorded; for a body that reads numbers, along the path that starts from the origin.
  package let recorded: RecordedModel<M.Output>
  /// True where the body reads numbers out of latent variables and is re-executed for each point.
  package let isReexecuted: Bool
  package let blocks: [FlatBlock]
  package let dimension: Int
  let options: Recording.Options
  let inputs: [Node]
  private let plans = Mutex<[Int: Plan]>([:])

  /// Records the body and checks everything that can be checked before the first step. Throws ``ModelError``, or what the body throws.
  package convenience init(_ model: M) throws { try self.init(model, Recording.Options()) }

  init(_ model: M, _ options: Recording.Options) throws {
    self.model = model
    var reads = false
    recorded = try CompiledModel.follow(model, options) { node, inputs in
      reads = true
      return try CompiledModel.value(of: node, at: { _ in nil }, inputs)
    }
    isReexecuted = reads
    var offset = 0
    blocks = recorded.freeSites.map { site in
      let free = site.unconstrained!
      defer { offset += free.count }
      return FlatBlock(
        name: site.name, offset: offset, count: free.count, shape: site.plates.map(\.present) + free.shape, order: free.order)
    }
    dimension = offset
    inputs = recorded.freeSites.map { $0.unconstrained!.input }
    var shared = options
    shared.known = Dictionary(uniqueKeysWithValues: zip(blocks.map(\.name), inputs))
    self.options = shared
    if reads { try probe() }
  }

  /// Runs the body along the values that `read` gives.
  static func follow(_ model: M, _ options: Recording.Options, _ read: (Node, [String: Node]) throws -> [Double]) throws
    -> RecordedModel<M.Output>
  {
    var options = options
    var path: [[Double]] = []
    while true {
      switch try Execution.run(model, options, path: path) {
      case .finished(let recorded): return recorded
      case .reading(let node, let inputs):
        options.known.merge(inputs) { first, _ in first }
        guard path.count < 100_000 else {
          throw ModelError([.init(site: nil, at: nil, "the body has read 100000 numbers and not come to an end")])
        }
        path.append(try read(node, options.known))
      }
    }
  }

  /// The value of a node where the inputs have given values, each in its own order (zero where nil).
  private static func value(of node: Node, at values: (String) -> [Double]?, _ inputs: [String: Node]) throws -> [Double] {
    let known = inputs.map { name, input in
      (input, Node.constant(values(name) ?? [Double](repeating: 0, count: input.count), shape: input.shape))
    }
    return try Evaluation.values(of: Node.substitute([node], Dictionary(uniqueKeysWithValues: known)))[0]
  }

  /// The value of a node of this model at a flat position.
  func value(of node: Node, at u: [Double]) throws -> [Double] {
    try CompiledModel.value(of: node, at: { self.blockValues(of: $0, u) }, options.known)
  }

  /// What the body records at a flat position.
  func follow(at u: [Double]) throws -> RecordedModel<M.Output> {
    try CompiledModel.follow(model, options) { node, inputs in
      try CompiledModel.value(of: node, at: { self.blockValues(of: $0, u) }, inputs)
    }
  }

  private func blockValues(of name: String, _ u: [Double]) -> [Double]? {
    blocks.contains { $0.name == name } ? inputOrder(of: name, u) : nil
  }

  /// The part of a flat position that belongs to a site, in the order of its input.
  func inputOrder(of name: String, _ u: [Double]) -> [Double] {
    guard let block = blocks.first(where: { $0.name == name }) else { return [] }
    var values = [Double](repeating: 0, count: block.count)
    for k in 0..<block.count { values[block.order?[k] ?? k] = u[block.offset + k] }
    return values
  }

  /// Looks at points around the origin, so that a path with other sites is found before the first step.
  private func probe() throws {
    for point in 0..<32 {
      let u = (0..<dimension).map { index in
        let place = Double(point + 1) * (0.6180339887498949 + 0.0318309886 * Double(index % 97)) + 0.137 * Double(index)
        return 4 * (place - place.rounded(.down)) - 2
      }
      try checkSites(follow(at: u))
    }
  }

  /// Every path must have the same latent sites: the dimension of a posterior does not change from point to point.
  func checkSites(_ found: RecordedModel<M.Output>) throws {
    let here = Dictionary(uniqueKeysWithValues: found.freeSites.map { ($0.name, $0) })
    var problems: [ModelError.Problem] = []
    for site in recorded.freeSites {
      guard let other = here[site.name] else {
        problems.append(
          .init(
            site: site.name, at: site.source, "it is not sampled on every path of the body; every path must sample the same latent sites"))
        continue
      }
      if other.unconstrained!.input.shape != site.unconstrained!.input.shape {
        problems.append(
          .init(
            site: site.name, at: other.source,
            "its shape is \(other.outsideShape) on one path of the body and \(site.outsideShape) on another"))
      }
    }
    for site in found.freeSites where !blocks.contains(where: { $0.name == site.name }) {
      problems.append(
        .init(site: site.name, at: site.source, "it is not sampled on every path of the body; every path must sample the same latent sites")
      )
    }
    if !problems.isEmpty { throw ModelError(problems) }
  }

  // MARK: - The flat vector

  /// A name for each coordinate: `tau`, `theta[3]`, `l[2,1]`, counted from 0.
  package var coordinateNames: [String] {
    blocks.flatMap { block -> [String] in
      if block.shape.isEmpty { return [block.name] }
      let strides = Node.strides(block.shape)
      return (0..<block.count).map { flat in
        let index = zip(strides, block.shape).map { "\(flat / $0 % $1)" }
        return "\(block.name)[\(index.joined(separator: ","))]"
      }
    }
  }

  /// Where to start: the initial values of parameters, nil for coordinates that have none.
  package var initialPosition: [Double?] {
    recorded.freeSites.flatMap { site -> [Double?] in
      site.unconstrained!.initial.map { $0.map { $0 } } ?? [Double?](repeating: nil, count: site.unconstrained!.count)
    }
  }

  /// Lanes beyond ``preferredLanes`` are evaluated in groups of as many, one after another: no lane costs more than it must.
  package func makeEvaluator(lanes: Int) throws -> any LogDensityEvaluator {
    isReexecuted
      ? ReexecutingEvaluator(self, lanes: lanes)
      : try RecordedEvaluator(
        plan(lanes: lanes == 1 ? 1 : min(lanes, preferredLanes)), lanes: lanes, blocks: blocks, plates: recorded.plates)
  }

  /// The plan of the log density and its gradient along the recorded path, built once for each number of lanes.
  package func plan(lanes: Int) throws -> Plan {
    try plans.withLock { plans in
      if let known = plans[lanes] { return known }
      let plan = try RecordedEvaluator.plan(recorded, inputs: inputs, lanes: lanes)
      plans[lanes] = plan
      return plan
    }
  }

  /// The most lanes of 8, 4, 2, 1 whose workspace stays within 1 MiB, the second-level cache of current server cores.
  ///
  /// Measured, microseconds a lane on 1 | 8 lanes in one replay: eight schools 0.12 | 0.025, radon (919 observations) 2.5 | 1.9, hidden Markov chain of
  /// 500 steps 107 | 29, where lanes share the overhead of instructions and fill vectors; mixture of 5 × 5000 numbers 79 | 82, Gaussian process with
  /// 200 × 200 matrices 400 | 810, where eight workspaces leave the cache. A body that is re-executed has one lane.
  package var preferredLanes: Int {
    guard !isReexecuted, let plan = try? plan(lanes: 8) else { return 1 }
    return [8, 4, 2].first { plan.workspaceBytes / 8 * $0 <= 1 << 20 } ?? 1
  }

  /// Maps unconstrained vectors to the values of variables of this model; nil for all.
  package func makeReader(lanes: Int, _ variables: [ModelVariable]? = nil) throws -> VariableReader<
    M
  > {
    try VariableReader(self, variables ?? recorded.variables, lanes: lanes)
  }
}
