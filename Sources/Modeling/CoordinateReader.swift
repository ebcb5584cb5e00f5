import Differentiation
import Distributions
import Foundation

/// Carries points of a model from its own coordinates (``Parameterization``) to those of the same model in others.
package final class CoordinateReader<M: Model> {
  private let model: CompiledModel<M>
  private let sites: [Site]
  private let executor: Executor

  /// Throws what recording the body throws.
  package init(_ model: CompiledModel<M>) throws {
    self.model = model
    var options = model.options
    options.reportsCoordinates = true
    let recorded = try CompiledModel.follow(model.model, options) { _, _ in
      throw ModelError([.init(site: nil, at: nil, "the body reads a number from a latent variable, so that its coordinates are fixed")])
    }
    sites = recorded.sites.filter { $0.coordinates?.values != nil }
    let outputs = sites.flatMap { site in site.coordinates!.values!.all.map { site.outside($0).node } }
    executor = try Executor(Plan(outputs: outputs, inputs: model.inputs))
  }

  /// The coordinates of a point u, given in those of the model.
  package func read(_ u: [Double]) -> CoordinatePoint {
    for (index, block) in model.blocks.enumerated() where block.count > 0 {
      executor.setInput(index, model.inputOrder(of: block.name, u))
    }
    executor.run()
    var point = CoordinatePoint(own: u, parts: [])
    var output = 0
    for site in sites {
      let values = site.coordinates!.values!
      let own = values.all.indices.map { executor.output(output + $0) }
      output += own.count
      let block = model.blocks.first { $0.name == site.name }!
      point.parts.append(.init(name: site.name, offset: block.offset, values: own))
    }
    return point
  }
}

/// One point in all coordinates.
package struct CoordinatePoint: Sendable {
  struct Part {
    let name: String
    let offset: Int
    /// v, z and, for numbers, m and s; each in flat order.
    let values: [[Double]]
  }
  let own: [Double]
  var parts: [Part]

  /// The point as a flat vector of the model in these coordinates.
  package func position(in target: Parameterization) -> [Double] {
    var u = own
    for part in parts {
      let weights = target.weights[part.name]
      for k in part.values[0].indices {
        let weight = weights?[k] ?? 1
        if weight == 1 {
          u[part.offset + k] = part.values[0][k]
        } else if weight == 0 {
          u[part.offset + k] = part.values[1][k]
        } else {
          u[part.offset + k] = weight * part.values[2][k] + pow(part.values[3][k], weight) * part.values[1][k]
        }
      }
    }
    return u
  }
}
