import Credence
