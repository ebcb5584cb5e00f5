import Differentiation
import Distributions

/// A plate as it was opened.
package struct Plate: Sendable, Equatable {
  package let name: String
  /// The size of the whole plate.
  package let size: Int
  /// Elements in a minibatch; equal to `size` without one.
  package let present: Int
  /// The numbers of the minibatch's elements [present], an input; nil without one.
  package let subset: Node?

  /// What a sum over the elements present is multiplied by: size / present.
  package var scale: Double { present == 0 ? 1 : Double(size) / Double(present) }
}

/// One named place of a recorded model.
package struct Site: Sendable {
  package enum Role: String, Sendable { case latent, observed, intervened, parameter, factor }

  package let name: String
  package let role: Role
  /// The distribution's name; nil for factors and parameters.
  package let distribution: String?
  /// The shape of one value inside the plates.
  package internal(set) var shape: [Int]
  /// The open plates, outermost first.
  package internal(set) var plates: [Plate]
  var axes: [PlateAxis]
  package let support: Support?
  package let source: SourceLine
  /// The value, inside the plates. NaN of no consequence for a factor.
  package internal(set) var value: Tensor
  /// log p of the value, summed over everything and scaled for minibatches; for a latent site without the Jacobian. For a site that is moved
  /// in another coordinate than as written (``Parameterization``): log p of that coordinate, with every Jacobian.
  package internal(set) var logDensity: Node?
  /// log |det ∂x/∂u| of a latent site or a parameter, summed and scaled likewise; nil where it is not there or is zero.
  package internal(set) var logJacobian: Node?
  /// The sequence it belongs to, whose steps are the first axis of the value; nil outside of sequences.
  package internal(set) var sequence: String?
  /// The unconstrained values, an input; for latent sites and parameters.
  package let unconstrained: Unconstrained?
  /// The coordinates that it may be moved in, where there are several.
  var coordinates: SiteCoordinates?
  /// What an observed site is when it is drawn anew; nil where nothing is simulated.
  package internal(set) var predictive: Predictive?
  /// log p of each element of an observed site, or a factor's own numbers, inside the plates, neither summed nor scaled; nil where nobody asked
  /// for them (``Recording/Options/isPointwise``) or they depend on sites that are summed out.
  package internal(set) var pointwise: Tensor?
  /// Whether the elements of a value are independent given the parameters of its distribution.
  package internal(set) var isElementwise = false
  /// Log densities that depend on sites which are summed out, each with hidden axes and the plates that it varies over, instead of
  /// `logDensity`, and the plates in which they stand.
  package internal(set) var tables: [Tensor] = []
  var tableAxes: [PlateAxis] = []
  /// For a summed-out site the values of its elements.
  var hidden: [HiddenAxis] = []
  package var isSummedOut: Bool { !hidden.isEmpty }

  /// A new value of an observed site, all inside the plates and of the value's shape.
  package struct Predictive: Sendable {
    package internal(set) var draw: Tensor
    /// Mean and variance given everything that the distribution depends on; nil where they are not known in closed form.
    package internal(set) var moments: Moments?

    package struct Moments: Sendable {
      package internal(set) var mean: Tensor
      package internal(set) var variance: Tensor
    }
  }

  package struct Unconstrained: Sendable {
    /// [unconstrained shape of one value, then the plates].
    package let input: Node
    /// The unconstrained shape of one value.
    package let shape: [Int]
    /// Where flat element k (plates leading, then the value's own axes, row-major) stands in the input; nil where at k.
    package let order: [Int]?
    /// Starting point, in flat order; nil where nothing is better than another.
    package let initial: [Double]?
    package var count: Int { input.count }
  }

  /// [plates…, value's axes…]: the shape outside.
  package var outsideShape: [Int] { plates.map(\.present) + shape }

  /// The value as it is seen outside of its plates.
  package var outsideValue: Tensor { outside(value) }

  /// A tensor of the open plates as it is seen outside of them.
  package func outside(_ x: Tensor) -> Tensor { axes.reversed().reduce(x) { $0.leaving($1) } }
}
