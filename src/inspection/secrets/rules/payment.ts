import type { SecretRule } from '../secret-rule.ts';

const type = 'payment';

/** Keys of payment and shop providers. Those for tests move no money. */
export const paymentRules: readonly SecretRule[] = [
  {
    id: 'stripe-live-key',
    title: 'Stripe live key',
    type,
    severity: 'critical',
    keywords: ['sk_live_', 'rk_live_'],
    pattern: /(?<!\w)([sr]k_live_[A-Za-z0-9]{16,120})(?!\w)/g,
  },
  {
    id: 'stripe-test-key',
    title: 'Stripe test key',
    type,
    severity: 'low',
    keywords: ['sk_test_', 'rk_test_'],
    pattern: /(?<!\w)([sr]k_test_[A-Za-z0-9]{16,120})(?!\w)/g,
  },
  {
    id: 'stripe-webhook-secret',
    title: 'Stripe webhook secret',
    type,
    severity: 'medium',
    keywords: ['whsec_'],
    pattern: /(?<!\w)(whsec_[A-Za-z0-9+/]{32,64}={0,2})/g,
  },
  {
    id: 'square-token',
    title: 'Square access token or secret',
    type,
    severity: 'critical',
    keywords: ['sq0atp-', 'sq0csp-', 'EAAA'],
    pattern: /(?<![\w-])(sq0atp-[\w-]{22}|sq0csp-[\w-]{43}|EAAA[\w-]{60})(?![\w-])/g,
  },
  {
    id: 'braintree-token',
    title: 'PayPal Braintree access token',
    type,
    severity: 'critical',
    keywords: ['access_token$production$'],
    pattern: /(access_token\$production\$[0-9a-z]{16}\$[0-9a-f]{32})/g,
  },
  {
    id: 'shopify-token',
    title: 'Shopify token or secret',
    type,
    severity: 'high',
    keywords: ['shpat_', 'shpca_', 'shppa_', 'shpss_'],
    pattern: /(?<!\w)(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})(?!\w)/g,
  },
  {
    id: 'razorpay-key',
    title: 'Razorpay live key',
    type,
    severity: 'high',
    keywords: ['rzp_live_'],
    pattern: /(?<!\w)(rzp_live_[A-Za-z0-9]{14})(?!\w)/g,
  },
  {
    id: 'flutterwave-key',
    title: 'Flutterwave secret key',
    type,
    severity: 'high',
    keywords: ['FLWSECK-'],
    pattern: /(?<!\w)(FLWSECK-[0-9a-z]{32}-X)(?!\w)/g,
  },
  {
    id: 'easypost-key',
    title: 'EasyPost production key',
    type,
    severity: 'high',
    keywords: ['EZAK'],
    pattern: /(?<!\w)(EZAK[A-Za-z0-9]{54})(?!\w)/g,
  },
];
