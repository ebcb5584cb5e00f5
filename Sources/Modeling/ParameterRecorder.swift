import Differentiation

/// Collects parameters alone: for guides over a flat vector, which have neither sites nor plates.
package final class ParameterRecorder: Recorder {
  package init() { super.init(Recording()) }

  /// One parameter: the input that holds its unconstrained values, and where they start.
  package struct Entry: Sendable {
    package let name: String
    package let input: Node
    package let initial: [Double]
  }

  /// In order of recording.
  package var entries: [Entry] {
    recording.sites.compactMap { site in
      site.unconstrained.map { Entry(name: site.name, input: $0.input, initial: $0.initial ?? [Double](repeating: 0, count: $0.count)) }
    }
  }

  /// What was recorded wrongly: sentences.
  package var problems: [ModelError.Problem] { recording.problems }
}
