/**
 * What moto's simulation of Lambda lacks (5.2), and why the case that would show it is left out there. The sandbox and
 * AWS have all of it; a case that moto comes to pass fails the suite, so that this list gets shorter by itself.
 */
export const motoGaps = {
  'refuses a plan that was made for another revision':
    'its configurations have no RevisionId (the suite adds one to its answers), and it ignores the one that is sent',
  'answers with a revision that the function did not have before': 'its configurations have no RevisionId',
  'shows that a new function is Pending': 'a function is Active at once',
  'refuses an update of a function that is Pending': 'a function is Active at once, so there is no 409',
  'shows that an update is in progress': 'an update takes effect at once',
  'refuses an update while another one is in progress': 'an update takes effect at once, so there is no 409',
  'shows that an update failed, and why': 'no update ever fails',
  'says that the tags can’t be read, where they can’t': 'it has no TagsError',
  'says that the variables can’t be read, where they can’t': 'it has no Environment.Error',
  'answers for good where a layer does not exist':
    'it says 404 ResourceNotFoundException, as for a function, where AWS says 400 InvalidParameterValueException',
  'refuses more than five layers': 'it does not count layers',
  'refuses more than 4 KB of variables, and quotes none of them': 'it does not measure variables',
} as const;

/** A case of the contract that moto can't pass. */
export type MotoGap = keyof typeof motoGaps;
