import Foundation
import Modeling
import Testing

/// Values and gradients of a compiled model at single points, and the formulas to hold them against.
struct DensityProbe<M: Model> {
  let compiled: CompiledModel<M>
  private let evaluator: any LogDensityEvaluator

  init(_ model: M, minibatch: [String: Int] = [:]) throws { try self.init(CompiledModel(model, minibatch: minibatch)) }

  init(_ compiled: CompiledModel<M>) throws {
    self.compiled = compiled
    evaluator = try compiled.makeEvaluator(lanes: 1)
  }

  func value(_ u: [Double]) -> Double { both(u).value }

  func both(_ u: [Double]) -> (value: Double, gradient: [Double]) {
    precondition(u.count == compiled.dimension)
    var value = [0.0]
    var gradient = [Double](repeating: 0, count: max(1, u.count))
    evaluator.evaluate(positions: u, values: &value, gradients: &gradient)
    return (value[0], Array(gradient[..<u.count]))
  }

  /// The largest difference between the gradient and central differences, relative to 1 + |gradient|.
  func gradientError(_ u: [Double], step h: Double = 1e-5) -> Double {
    let gradient = both(u).gradient
    return u.indices.map { k in
      var (above, below) = (u, u)
      above[k] += h
      below[k] -= h
      let difference = (value(above) - value(below)) / (2 * h)
      return Swift.abs(difference - gradient[k]) / (1 + Swift.abs(gradient[k]))
    }.max() ?? 0
  }

  /// The variables at a point, by name, row-major with plates leading.
  func variables(_ u: [Double]) throws -> [String: [Double]] {
    let reader = try compiled.makeReader(lanes: 1)
    var values = [Double](repeating: 0, count: reader.count)
    try reader.read(positions: u, values: &values)
    var offset = 0
    return compiled.recorded.variables.reduce(into: [:]) { all, variable in
      let count = variable.shape.reduce(1, *)
      all[variable.name] = Array(values[offset..<(offset + count)])
      offset += count
    }
  }
}

/// The sentences of the error that recording a model gives.
func problems<M: Model>(_ model: M, minibatch: [String: Int] = [:]) -> [String] {
  do {
    _ = try CompiledModel(model, minibatch: minibatch)
    return []
  } catch let error as ModelError {
    return error.problems.map(\.description)
  } catch {
    return ["unexpected: \(error)"]
  }
}

/// A point of n coordinates without symmetries.
func point(_ n: Int) -> [Double] { (0..<n).map { sin(1.7 * Double($0) + 0.4) } }

func normalLog(_ x: Double, _ mean: Double, _ sd: Double) -> Double {
  -0.5 * (x - mean) * (x - mean) / (sd * sd) - log(sd) - 0.5 * log(2 * Double.pi)
}

func isClose(_ a: Double, _ b: Double, _ tolerance: Double = 1e-12) -> Bool {
  Swift.abs(a - b) <= tolerance * max(1, Swift.abs(a), Swift.abs(b))
}
