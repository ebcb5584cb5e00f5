import Differentiation
import Distributions

/// A model: its stored properties are the data and the hyperparameters, decoded from JSON by their names; its body states the joint density
/// and returns what one wants to know.
///
/// ```swift
/// struct EightSchools: Model {
///   let y, sigma: Tensor
///   func body(_ p: Program) throws -> (mu: Tensor, tau: Tensor, theta: Tensor) {
///     let mu  = p.sample("mu", Normal(0, sd: 5))
///     let tau = p.sample("tau", HalfCauchy(scale: 5))
///     let theta = p.plate("schools", y.count) { j in
///       let theta = p.sample("theta", Normal(mu, sd: tau))
///       p.observe("y", Normal(theta, sd: sigma[j]), y[j])
///       return theta
///     }
///     return (mu, tau, theta)
///   }
/// }
/// ```
public protocol Model: Codable, Sendable {
  /// A tensor, a tuple of tensors, or nothing. The labels of the tuple name the results.
  associatedtype Output: Sendable
  /// The name on the command line; by default from the type's: `EightSchools` is `eight-schools`.
  static var name: String { get }
  /// One line on what the model is.
  static var summary: String { get }
  /// Runs once, to be recorded; again for each point only where it reads a number out of a latent variable (`item()`).
  func body(_ p: Program) throws -> Output
}

extension Model {
  public static var name: String { ModelNaming.dashed(String(describing: Self.self)) }
  public static var summary: String { "" }
}

/// A model that carries data of its own, for trying it out.
public protocol ModelWithExample: Model {
  static var example: Self { get }
}

/// A model that brings further data, for judging what was fitted to others: `credence estimators --curves` scores fits on them.
public protocol ModelWithTestData: Model {
  static var testData: Self { get }
}

package enum ModelNaming {
  /// `EightSchools` ↦ `eight-schools`, `HMMExample` ↦ `hmm-example`, `Radon2` ↦ `radon2`.
  package static func dashed(_ typeName: String) -> String {
    let letters = Array(typeName.prefix { $0 != "<" })
    var result = ""
    for (index, letter) in letters.enumerated() {
      let startsWord =
        index > 0 && letter.isUppercase
        && (!letters[index - 1].isUppercase || (index + 1 < letters.count && letters[index + 1].isLowercase))
      result += (startsWord && letters[index - 1] != "_" ? "-" : "") + (letter == "_" ? "-" : letter.lowercased())
    }
    return result
  }
}

// MARK: - Models with some sites given

/// A model some of whose sites have given values. Made by ``condition(_:_:)`` and ``intervene(_:_:)``.
public struct GivenModel<Base: Model>: Model {
  /// Whether the density of the given values counts.
  package enum Kind: String, Codable, Sendable {
    /// They were observed: it does.
    case observed
    /// They were set from outside: it does not.
    case intervened
  }
  let base: Base
  let kind: Kind
  let values: [String: Tensor]

  public static var name: String { Base.name }
  public static var summary: String { Base.summary }

  public func body(_ p: Program) throws -> Base.Output {
    p.give(values.mapValues { Program.Given(value: $0, kind: kind == .observed ? .observed : .intervened) })
    return try base.body(p)
  }
}

/// The model in which these latent sites are observed with these values (for sites in plates: with the axes of the plates leading): the
/// posterior of the other sites given them.
public func condition<M: Model>(_ model: M, _ values: [String: any TensorConvertible]) -> GivenModel<M> {
  GivenModel(base: model, kind: .observed, values: values.mapValues { $0.tensor })
}

/// The model in which these sites are set to these values from outside, whatever their parents say: Pearl's do-operator. Their own density
/// does not count.
public func intervene<M: Model>(_ model: M, _ values: [String: any TensorConvertible]) -> GivenModel<M> {
  GivenModel(base: model, kind: .intervened, values: values.mapValues { $0.tensor })
}
