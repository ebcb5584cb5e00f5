import Modeling
import Synchronization

/// Gives the values that are reported for one unconstrained draw, from whichever thread asks.
final class FitMonitor<M: Model>: Sendable {
  private struct Reading: ~Copyable {
    let reader: VariableReader<M>
    var buffer: [Double]
  }
  private let reading: Mutex<Reading>

  /// Nil where a body is re-executed for every draw, or where its plan cannot be made: then the unconstrained coordinates are checked alone.
  /// - Parameter isWithoutClasses: leaves out the probabilities of summed-out sites.
  init?(_ compiled: CompiledModel<M>, isWithoutClasses: Bool = false) {
    guard !compiled.isReexecuted else { return nil }
    var variables = compiled.recorded.steadyVariables
    if isWithoutClasses, let classes = compiled.recorded.summation?.probabilities.values.map(\.name) {
      variables.removeAll { classes.contains($0.name) }
    }
    guard let reader = try? compiled.makeReader(lanes: 1, variables) else { return nil }
    reading = Mutex(Reading(reader: reader, buffer: [Double](repeating: 0, count: reader.count)))
  }

  var values: @Sendable ([Double]) -> [Double] {
    { position in
      self.reading.withLock { reading in
        guard (try? reading.reader.read(positions: position, values: &reading.buffer)) != nil else {
          return [Double](repeating: .nan, count: reading.buffer.count)
        }
        return reading.buffer
      }
    }
  }
}
