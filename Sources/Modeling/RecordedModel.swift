import Differentiation
import Distributions
import Synchronization

/// One variable of a model as results show it.
package struct ModelVariable: Sendable {
  package enum Role: String, Sendable { case latent, parameter, output }
  package let name: String
  package let role: Role
  /// With the axes of plates leading.
  package let value: Tensor
  package var shape: [Int] { value.shape }
}

/// A body that has run from beginning to end: sites, terms of the joint density, and results, as a graph over unconstrained inputs.
package struct RecordedModel<Output: Sendable>: Sendable {
  package let sites: [Site]
  package let plates: [Plate]
  /// Latent sites and parameters, then outputs, in order of appearance.
  package let variables: [ModelVariable]
  /// What the body returned.
  package let output: Output
  /// Latent sites whose given values are for plates of another size, so that they were drawn instead.
  package let redrawn: [String]
  /// Latent sites of sequences whose given values are for another number of steps.
  package let resized: [ResizedSite]
  /// How discrete sites are summed out; nil where there are none.
  package let summation: Summation?

  /// Sites with unconstrained values, in order of appearance.
  package var freeSites: [Site] { sites.filter { $0.unconstrained != nil } }

  /// log p(x, data) + log |det ∂x/∂u|, shape [].
  package var logJoint: Node { sum(sites.flatMap { [$0.logDensity, $0.logJacobian] } + [summation?.logSum]) }

  /// log p(x, data) without any Jacobian.
  package var logDensity: Node { sum(sites.map(\.logDensity) + [summation?.logSum]) }

  private func sum(_ terms: [Node?]) -> Node { terms.compactMap { $0 }.reduce(.fill(0), +) }

  /// The variable that a key path of the body's result points at.
  package func variable(_ path: KeyPath<Output, Tensor>) -> ModelVariable? {
    let wanted = output[keyPath: path]
    return variables.first { $0.value.isSameValue(as: wanted) }
  }

  /// The variable that a whole number of the body's result stands for.
  package func variable(_ path: KeyPath<Output, IntTensor>) -> ModelVariable? {
    let wanted = output[keyPath: path].tensor
    return variables.first { $0.value.isSameValue(as: wanted) }
  }

  /// The variables that are functions of the unconstrained inputs: not those that depend on draws of summed-out sites.
  package var steadyVariables: [ModelVariable] {
    summation == nil
      ? variables
      : variables.filter { !Node.reachable(from: [$0.value.node]).contains(where: \.isDraw) }
  }
}

extension Tensor {
  /// Whether two tensors are the same rearrangement of the same node.
  func isSameValue(as other: Tensor) -> Bool {
    node === other.node
      || (node.shape == other.node.shape && node.operation == other.node.operation && !node.inputs.isEmpty
        && node.inputs == other.node.inputs)
  }
}

/// Reading a number ended the recording: thrown by `item()`, caught below.
struct ReadSignal: Error, CustomStringConvertible {
  let description = "a number is read from a latent variable: the body is re-executed for each point, and must let this error pass"
}

/// What the reads of one execution get: first the values of the path, then a signal. The first read without a value is kept, whether or not
/// the body lets the signal pass.
private final class ReadLog: Sendable {
  private struct State {
    var served = 0
    var pending: Node?
  }
  private let path: [[Double]]
  private let state = Mutex(State())

  init(_ path: [[Double]]) { self.path = path }

  func read(_ node: Node) throws -> [Double] {
    try state.withLock { state in
      guard state.pending == nil, state.served < path.count else {
        if state.pending == nil { state.pending = node }
        throw ReadSignal()
      }
      state.served += 1
      return path[state.served - 1]
    }
  }

  var pending: Node? { state.withLock { $0.pending } }
}

/// One execution of a body.
enum Execution<Output: Sendable> {
  /// It ran to its end.
  case finished(RecordedModel<Output>)
  /// It wanted to read this node, along this path of values read before.
  case reading(Node, inputs: [String: Node])

  /// Runs the body. The values read so far are `path`; the next read ends the execution.
  static func run<M: Model>(_ model: M, _ options: Recording.Options, path: [[Double]] = []) throws
    -> Execution where M.Output == Output
  {
    // Minibatches and bodies that are re-executed have no draws of all sites together.
    let recording = Recording(
      options, drawsSummedOut: options.mode == .density && options.minibatch.isEmpty && path.isEmpty
    )
    let log = ReadLog(path)
    let program = Program(recording)
    var returned: Output?
    do {
      returned = try Evaluation.$reader.withValue({ try log.read($0) }) { try model.body(program) }
    } catch {
      if log.pending == nil {
        guard recording.problems.isEmpty else { throw ModelError(recording.problems) }
        throw error
      }
    }
    if let node = log.pending {
      guard recording.problems.isEmpty else { throw ModelError(recording.problems) }
      let mistakes = Evaluation.mistakes(in: [node])
      guard mistakes.isEmpty else { throw ModelError(mistakes.map { .init(site: nil, at: nil, $0) }) }
      let inputs = recording.sites.compactMap { site in site.unconstrained.map { (site.name, $0.input) } }
      return .reading(node, inputs: Dictionary(uniqueKeysWithValues: inputs))
    }
    guard let output = returned else { throw ModelError([.init(site: nil, at: nil, "the body ended without a result")]) }
    let results = ResultNames.named(output)
    recording.finish(outputs: results)
    guard recording.problems.isEmpty else { throw ModelError(recording.problems) }
    return .finished(try drawn(recorded(recording, output, results), model, options))
  }

  /// The recording with the variables of a second execution, in which sites that are summed out have values drawn from their posterior.
  private static func drawn<M: Model>(
    _ first: RecordedModel<Output>, _ model: M, _ options: Recording.Options
  ) throws -> RecordedModel<Output>
  where M.Output == Output {
    guard let summation = first.summation, !summation.draws.isEmpty else { return first }
    var options = options
    options.drawn.merge(summation.draws) { given, _ in given }
    options.known.merge(first.freeSites.map { ($0.name, $0.unconstrained!.input) }) { given, _ in
      given
    }
    guard case .finished(let second) = try run(model, options) else { return first }
    let silent = Set(summation.sites.filter { !$0.isReported }.map(\.name))
    let variables = second.variables.filter { $0.role != .output && !silent.contains($0.name) }
    let probabilities = summation.sites.compactMap { summation.probabilities[$0.name] }
    return RecordedModel(
      sites: first.sites, plates: first.plates,
      variables: variables + probabilities + second.variables.filter { $0.role == .output },
      output: second.output, redrawn: first.redrawn, resized: first.resized, summation: summation)
  }

  private static func recorded(_ recording: Recording, _ output: Output, _ results: [(name: String, value: Tensor)]) throws
    -> RecordedModel<Output>
  {
    let summation = try Summation(recording, asked: results.map(\.value) + recording.outputs.map(\.value))
    var variables = recording.sites.compactMap { site -> ModelVariable? in
      switch site.role {
      case .latent where site.isSummedOut: summation?.probabilities[site.name]
      case .latent: ModelVariable(name: site.name, role: .latent, value: site.outsideValue)
      case .parameter: ModelVariable(name: site.name, role: .parameter, value: site.outsideValue)
      default: nil
      }
    }
    for (name, value) in results + recording.outputs
    where recording.summedOut(value) == nil && !variables.contains(where: { $0.value.isSameValue(as: value) }) {
      variables.append(ModelVariable(name: name, role: .output, value: value))
    }
    return RecordedModel(
      sites: recording.sites, plates: recording.plateOrder.map { recording.plates[$0]!.plate }, variables: variables, output: output,
      redrawn: recording.redrawn, resized: recording.resized, summation: summation)
  }
}

/// The names of what a body returns: labels of tuples and structs, numbers where there are none.
enum ResultNames {
  static func named(_ output: Any, _ name: String = "") -> [(name: String, value: Tensor)] {
    if let value = output as? any TensorConvertible { return [(name.isEmpty ? "result" : name, value.tensor)] }
    return Mirror(reflecting: output).children.enumerated().flatMap { index, child in
      let label = child.label.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 } ?? "\(index)"
      return named(child.value, name.isEmpty ? label : "\(name).\(label)")
    }
  }
}
