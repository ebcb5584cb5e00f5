import Foundation
import Inference
import Kernels
import Modeling
import Reporting

extension AnyRunnable {
  /// 64 lanes are eight groups of eight, one after the other on one thread.
  package func bench(data: ModelData?, request: BenchRequest) throws -> BenchOutcome {
    let model = try load(data).model
    var building: [Double] = []
    for _ in 0..<11 {
      try Task.checkCancellation()
      let begin = ContinuousClock.now
      let compiled = try CompiledModel(model)
      _ = try compiled.makeEvaluator(lanes: compiled.preferredLanes)
      building.append((ContinuousClock.now - begin).inSeconds * 1e3)
      // Building takes long where models are large: fewer then.
      if building.count >= 3, building.reduce(0, +) > 2000 { break }
    }
    let compiled = try CompiledModel(model)
    let lanes = try request.lanes.map { try LaneTimer(compiled, lanes: $0, seed: request.seed).measure(batches: request.batches) }
    building.sort()
    let plan = try compiled.plan(lanes: 1)
    return BenchOutcome(
      dimension: compiled.dimension, instructions: plan.instructionCount, planBuildingMinimumMilliseconds: building[0],
      planBuildingMedianMilliseconds: building[building.count / 2], lanes: lanes)
  }
}

/// Times one value-and-gradient for all of some lanes.
struct LaneTimer {
  let lanes: Int
  let width: Int
  let size: Int
  let evaluator: any LogDensityEvaluator
  let positions: [Double]

  /// Positions are normal with sd 0.5 around the origin.
  init(_ density: any LogDensity, lanes: Int, seed: UInt64) throws {
    self.lanes = lanes
    width = min(lanes, 8)
    size = density.dimension * width
    evaluator = try density.makeEvaluator(lanes: width)
    var stream = RandomStream(at: RandomAddress(seed: seed, purpose: 0x424E))
    positions = (0..<max(density.dimension * lanes, 1)).map { _ in 0.5 * stream.nextNormal() }
  }

  func measure(batches: Int) throws -> BenchOutcome.Lanes {
    var values = [Double](repeating: 0, count: width)
    var gradients = [Double](repeating: 0, count: max(size, 1))
    func time(_ repetitions: Int) -> Double {
      let begin = ContinuousClock.now
      positions.withUnsafeBufferPointer { positions in
        values.withUnsafeMutableBufferPointer { values in
          gradients.withUnsafeMutableBufferPointer { gradients in
            for _ in 0..<repetitions {
              for group in 0..<(lanes / width) {
                evaluator.evaluate(
                  positions: positions.baseAddress! + group * size, values: values.baseAddress!, gradients: gradients.baseAddress!)
              }
            }
          }
        }
      }
      return (ContinuousClock.now - begin).inSeconds
    }
    var repetitions = 1
    while time(repetitions) < 1e-3 { repetitions *= 2 }
    var times: [Double] = []
    for _ in 0..<batches {
      try Task.checkCancellation()
      times.append(time(repetitions) / Double(repetitions) * 1e6)
    }
    times.sort()
    return .init(
      lanes: lanes, minimumMicroseconds: times[0], medianMicroseconds: times[times.count / 2], batches: batches,
      evaluationsPerBatch: repetitions)
  }
}
