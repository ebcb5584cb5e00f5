/// Computes the values of recorded tensors.
package enum Evaluation {
  /// The values of nodes that depend on no input, row-major.
  package static func values(of nodes: [Node]) throws -> [[Double]] {
    let problems = mistakes(in: nodes)
    guard problems.isEmpty else { throw TensorError(problems.joined(separator: "\n")) }
    return try Plan.values(of: nodes)
  }

  /// The sentences of all mistakes that the nodes depend on, in order of recording, each once.
  package static func mistakes(in nodes: [Node]) -> [String] {
    var sentences: [String] = []
    for node in Node.reachable(from: nodes) {
      switch node.operation {
      case .invalid(let sentence): if !sentences.contains(sentence) { sentences.append(sentence) }
      case .scan(let body): sentences += mistakes(in: body.nextCarries + body.results).filter { !sentences.contains($0) }
      default: break
      }
    }
    return sentences
  }

  /// What reads a number out of a latent variable, where a model is being recorded or re-executed: given the node, its values.
  @TaskLocal package static var reader: (@Sendable (Node) throws -> [Double])?
}

/// Why a number could not be read from a tensor; the mistakes in its shapes, a sentence each.
public struct TensorError: Error, CustomStringConvertible, Equatable, Sendable {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension Tensor {
  /// The number of a scalar. In a model it may depend on latent variables: the body is then re-executed for each point, since what it does
  /// next may depend on the number.
  ///
  /// Throws ``TensorError`` for a tensor with more than one element, inside a plate, or with a mistake in its shapes.
  public func item() throws -> Double {
    guard count == 1 else { throw TensorError("item() takes a tensor of one element, and this has shape \(shapeDescription)") }
    return try values()[0]
  }

  /// All elements, row-major. As ``item()``.
  public func values() throws -> [Double] {
    if let hidden = plates.first(where: { $0.home != nil }) {
      throw TensorError(
        "the tensor depends on site \"\(hidden.name)\", which is summed out and stands for all of its values at once, so no number can be read from it; choose with select or an index instead of a branch, or condition on the site"
      )
    }
    guard plates.isEmpty else {
      throw TensorError(
        "the tensor of shape \(shapeDescription) stands for every element of its plate at once, so no number can be read from it; read it outside the plate"
      )
    }
    if let known = node.knownValues { return known }
    if node.dependsOnInputs {
      guard let reader = Evaluation.reader else { throw TensorError("the value depends on a variable that has none yet") }
      return try reader(node)
    }
    return try Evaluation.values(of: [node])[0]
  }
}
