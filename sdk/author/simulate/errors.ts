// SPDX-License-Identifier: MIT
/**
 * What can go wrong with a simulation.
 *
 * @module
 */

/** It cannot be made. The message says why, and the remedy. */
export class SimulationError extends Error {
  override name = "SimulationError";
}

/** A hook was not answered in time. */
export class LateError extends Error {
  override name = "LateError";
}

/** The process of a module said something that the task would not say. */
export function answerProblem(word: string): SimulationError {
  return new SimulationError(
    `${word}: its process gave an answer that is none: the module must not print to standard output`,
  );
}
