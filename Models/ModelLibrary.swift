import CommandLine
import Credence

/// The models that are built in: a line for each, in the order of the alphabet.
package enum ModelLibrary {
  package static let all: [any RunnableModel] = [
    AnyRunnable(EightSchools.self)
  ]
}
