/** The partition of a region, as it stands in ARNs: `aws`, `aws-cn` or `aws-us-gov`. Unknown regions count as `aws`. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  if (region.startsWith('us-gov-')) return 'aws-us-gov';
  return 'aws';
}
