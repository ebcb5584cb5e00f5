import CommandLine
import Credence

/// The models that are built in.
package enum ModelLibrary {
  package static let all: [any RunnableModel] = posteriors + examples

  /// Twelve posteriors of posteriordb, under their names there.
  package static let posteriors: [any RunnableModel] = [
    FileModel(Autoregression.self, "arK.json"),
    FileModel(LogEarningsInteraction.self, "earnings.json"),
    FileModel(EightSchoolsCentered.self, "eight_schools.json"),
    FileModel(EightSchoolsNoncentered.self, "eight_schools.json"),
    FileModel(Garch.self, "garch.json"),
    FileModel(GaussianProcessPoisson.self, "gp_pois_regr.json"),
    FileModel(HiddenMarkov.self, "hmm_example.json"),
    FileModel(KidscoreInteraction.self, "kidiq.json"),
    FileModel(TwoNormals.self, "low_dim_gauss_mix.json"),
    FileModel(LogMesquite.self, "mesquite.json"),
    FileModel(PartyIdentification.self, "nes1980.json"),
    FileModel(LinearRegression.self, "sblrc.json"),
  ]

  /// Models to begin with, and those that are timed against other systems.
  package static let examples: [any RunnableModel] = [
    AnyRunnable(Branching.self),
    AnyRunnable(EightSchools.self),
    FileModel(GaussianProcess.self, "gaussian-process.json"),
    FileModel(LogisticRegression.self, "logistic-regression.json"),
    FileModel(Mixture.self, "mixture.json"),
    FileModel(Radon.self, "radon-synthetic.json"),
  ]
}
