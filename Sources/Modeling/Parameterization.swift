import Differentiation
import Distributions

/// The coordinates in which latent sites are moved by an algorithm. Values, and so draws and summaries, are the same in all of them.
///
/// Where the distribution of a site is v = m + s z with a density of z that knows neither m nor s (v the value itself, or its logarithm on
/// x > 0), an element may be moved in
///
///     u = λ m + s^λ z,   0 ≤ λ ≤ 1,   so that v = m + s^(1−λ) (u − λ m) and log p(u) = log p_z(z) − λ log s:
///
/// λ = 1 is the value as written (the centred form), λ = 0 the standard variable z (the non-centred form). The joint density of all other
/// sites stays what it is. For vectors v = m + L z there are these two only. (Gorinova, Moore and Hoffman 2020, "Automatic Reparameterisation
/// of Probabilistic Programs"; Papaspiliopoulos, Roberts and Sköld 2007.)
package struct Parameterization: Sendable, Codable, Equatable {
  /// Site → λ of each element, in flat order (plates leading, row-major). Sites that are not named are as written.
  package var weights: [String: [Double]]

  package init(weights: [String: [Double]] = [:]) { self.weights = weights }

  /// Every site by its value.
  package static let asWritten = Parameterization()
}

/// A latent site whose coordinate can be chosen.
package struct MovableSite: Sendable, Equatable {
  package let name: String
  package let count: Int
  /// Whether λ may be any number and differ from element to element; if not, it is 0 or 1 for all.
  package let isElementwise: Bool
}

/// What a site's coordinates are made of, as seen inside of its plates; shapes are those of the value.
struct SiteCoordinates: Sendable {
  struct Values {
    var written: Tensor
    var standard: Tensor
    /// m and s; nil for vectors with a factor.
    var location: Tensor?
    var scale: Tensor?

    var all: [Tensor] { [written, standard] + [location, scale].compactMap { $0 } }
    init(_ all: [Tensor]) {
      written = all[0]
      standard = all[1]
      location = all.count > 2 ? all[2] : nil
      scale = all.count > 3 ? all[3] : nil
    }
  }
  let isElementwise: Bool
  /// Nil unless they were asked for.
  var values: Values?
}

extension CompiledModel {
  /// The model with sites moved in the coordinates of `parameterization`. Throws ``ModelError`` where it names a site that has no choice, or
  /// weights that do not fit.
  package convenience init(_ model: M, parameterization: Parameterization) throws {
    var options = Recording.Options()
    options.parameterization = parameterization
    try self.init(model, options)
    let problems = parameterization.weights.sorted { $0.key < $1.key }.compactMap { name, weights -> ModelError.Problem? in
      guard let site = movableSites.first(where: { $0.name == name }) else {
        return .init(site: name, at: nil, "it has no other coordinate than its value")
      }
      if weights.count != site.count {
        return .init(site: name, at: nil, "it has \(site.count) elements, and there are \(weights.count) weights for its coordinates")
      }
      if !weights.allSatisfy({ (0...1).contains($0) }) {
        return .init(site: name, at: nil, "the weights of its coordinates must lie between 0 and 1")
      }
      if !site.isElementwise, !weights.allSatisfy({ $0 == 0 }), !weights.allSatisfy({ $0 == 1 }) {
        return .init(site: name, at: nil, "its elements depend on each other: the weights of its coordinates must be all 0 or all 1")
      }
      return nil
    }
    if !problems.isEmpty { throw ModelError(problems) }
  }

  /// The coordinates in which its latent sites are moved.
  package var parameterization: Parameterization { options.parameterization }

  /// The latent sites whose location or spread depends on other sites, in order of appearance; none where the body is re-executed.
  package var movableSites: [MovableSite] {
    isReexecuted
      ? []
      : recorded.freeSites.compactMap { site in
        site.coordinates.map { MovableSite(name: site.name, count: site.unconstrained!.count, isElementwise: $0.isElementwise) }
      }
  }
}
