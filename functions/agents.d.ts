/** The agents of `agents/`, checked and put into the bundle by scripts/build.ts. */
declare module 'layerward:agents' {
  const agents: readonly unknown[];
  export default agents;
}
